import { daysUntil } from "../../config/keys/consumers/credentials";
import { dayAfter } from "../dates";
import type { Plan } from "../stack/apply/change";
import { setSecretVersion } from "../stack/consumers-edit";
import type { Credential } from "../stack/stack-file";
import type { PublicKeyRead } from "./public-key-file";

export interface Rotation extends PublicKeyRead {
    /** Value of --successor, which is invalid with a service token: it gets a new secret in place. */
    successor?: string;
    overlapDays: number;
    /** Expiry day of the successor. */
    expires?: string;
}

/**
 * Plans a new secret for an existing service token. A rotation does not create a second token, because an account can have
 * only 50 tokens. Cloudflare accepts the previous secret until a given day.
 * @returns the plan, with `set`, the edit of the file that contains the token
 */
export function planRotateInPlace(
    name: string,
    { id, secretVersion: version = 1, previousSecretExpires: before }: Credential,
    { successor, publicKey, overlapDays, expires }: Rotation,
    today: Date,
): Pick<Plan, "problems" | "effects"> & { set: (text: string) => string } {
    const who = `${name}/${id}`;
    const given = { "--successor": successor, "--public-key-file": publicKey, "--expires": expires };
    const problems = Object.entries(given).flatMap(([option, value]) =>
        value === undefined
            ? []
            : [
                  `${option}: must not be given for a service token, which gets a new secret in place and keeps its expiry date. Leave it out.`,
              ],
    );
    const until = dayAfter(today, overlapDays);
    const effects = [
        `${who} gets a new secret, number ${version + 1}; its client id stays.`,
        `The previous secret works until ${until}T00:00Z; from then on Cloudflare rejects it.`,
    ];
    if (before !== undefined && daysUntil(before, today) > 0)
        effects.push(
            `The secret before the previous one stops working at once instead of on ${before}, because Cloudflare keeps only one previous secret. Wait if the caller still uses that secret.`,
        );
    return { set: (text) => setSecretVersion(text, name, id, version + 1, until), problems, effects };
}
