import { daysUntil } from "../../config/keys/consumers/credentials";
import { dayAfter } from "../dates";
import { setSecretVersion } from "../stack/consumers-edit";
import type { Plan } from "../stack/apply/change";
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
 * @param problems problems that prevent any rotation
 * @returns the plan, with `set`, the edit of the file that contains the token
 */
export function planRotateInPlace(
    name: string,
    { id, secretVersion: version = 1, previousSecretExpires: before }: Credential,
    { successor, publicKey, publicKeyError, overlapDays, expires: end }: Rotation,
    today: Date,
    problems: string[],
): Omit<Plan, "after"> & { set?: (text: string) => string } {
    const who = `${name}/${id}`;
    if (successor !== undefined)
        problems.push(
            `--successor: only valid with method key or jwt (got method service-token). Leave it out: a service token gets a new secret in place.`,
        );
    if ((publicKey ?? publicKeyError) !== undefined)
        problems.push("--public-key-file: only valid with method jwt (got method service-token). Leave it out.");
    if (end !== undefined)
        problems.push(
            `--expires: must not be given for a service token, which keeps its expiry date (got ${end}). Change expires of ${who} in the stack file.`,
        );
    if (problems.length > 0) return { problems, effects: [] };
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
