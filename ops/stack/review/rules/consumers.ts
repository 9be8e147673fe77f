/** Callers of a gateway: their Consumers. */
import { isDeepStrictEqual } from "node:util";
import { dayText } from "../../../../config/keys/consumers/credentials";
import { VERIFIER } from "../../../../components/opt/conversion-phases";
import { namedEntries, type Tree } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { limitVerdicts } from "../limits/callers";
import { always, objectName, type KindRule, type Run, type Verdict } from "../rule";

const caller = (change: Change) => objectName(change);

export const consumer: KindRule = {
    created: (change) =>
        isVerifier(change)
            ? { code: "added", says: `${caller(change)}, the consumer with which a conversion tests Alpa, gets access` }
            : { code: "caller-added", says: `Caller ${caller(change)} gets access` },
    deleted: (change) =>
        isVerifier(change)
            ? {
                  code: "changed-inside",
                  says: `${caller(change)}, the consumer with which a conversion tests Alpa, is deleted`,
              }
            : { code: "caller-removed", says: `Caller ${caller(change)} loses access, with all its credentials` },
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Caller ${caller(change)} is deleted and created again: it gets 401 meanwhile, and the counts of its limits restart`,
    }),
    rows: [
        ["spec.credentials", credentials],
        ["spec.plugins", (difference, change) => limitVerdicts(`Caller ${caller(change)}`, difference)],
        [
            "spec.gatewayRef.**",
            always(
                "access-changed",
                (change) =>
                    `Caller ${caller(change)} moves to another gateway. After the move, the present gateway answers 401`,
                "breaks-callers",
            ),
        ],
    ],
};

/** Whether the consumer is the verifier of this project, and not a consumer of the config with the same name. */
const isVerifier = (change: Change) =>
    caller(change) === VERIFIER && /-conversion-verification-consumer$/.test(change.name);

function credentials({ old, new: now }: Difference, change: Change, run: Run): Verdict[] {
    const [before, after] = [namedEntries(old), namedEntries(now)];
    const verdicts: Verdict[] = [];
    for (const [id, entry] of before) {
        const next = after.get(id);
        const who = `${caller(change)}/${id}`;
        const property = `spec.credentials[${id}]`;
        if (next === undefined)
            verdicts.push({
                code: "credential-revoked",
                says: `Credential ${who} stops working${endOf(run, caller(change), id)}`,
                property,
                old: entry,
            });
        else if (!isDeepStrictEqual(entry, next))
            verdicts.push({
                code: "credential-changed",
                says: `Credential ${who} is replaced: the earlier one stops working`,
                property,
                old: entry,
                new: next,
            });
    }
    for (const [id, entry] of after)
        if (!before.has(id))
            verdicts.push({
                code: "credential-added",
                says: `Credential ${caller(change)}/${id} is added`,
                property: `spec.credentials[${id}]`,
                new: entry,
            });
    return verdicts;
}

/** Text about the expiry date of a credential that stops working. Empty if the credential is no longer in the config. */
function endOf({ config, today }: Run, name: string, id: string): string {
    try {
        const all = JSON.parse(config["alpa-auth:consumers"] ?? "[]") as {
            name: string;
            credentials?: { id: string; expires?: string }[];
        }[];
        const expires = all.find((c) => c.name === name)?.credentials?.find((c) => c.id === id)?.expires;
        if (expires === undefined) return "";
        const day = dayText(expires);
        return `: its expiry date in the config, ${day}, ${new Date(day) <= today ? "has come" : "is near"}`;
    } catch {
        return ""; // An encrypted list cannot be read.
    }
}

/** Whether a Consumer names a credential. */
export function lists(props: Tree | undefined, id: string): boolean {
    const { credentials: all } = (props?.spec ?? {}) as { credentials?: unknown };
    return namedEntries(all).has(id);
}
