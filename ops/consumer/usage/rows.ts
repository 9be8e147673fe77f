import { VERIFIER } from "../../../components/opt/conversion-phases";
import { credentialId } from "../../../components/consumers/credential-evidence";
import type { Consumer } from "../../stack/stack-file";
import type { Figures, Grouping, Owner, Tally } from "./tally";

/** Figures of one caller, or of one of its credentials. */
export interface UsageRow extends Figures {
    /** Name in the stack; APISIX's name for a caller of another namespace; null for requests without a caller. */
    caller: string | null;
    /** `unknown`: the config does not have the caller. `verification`: the program's own checks of option intra-b. */
    kind: "caller" | "unknown" | "verification" | "no-caller";
    /** Id of the credential in the config; null if the config does not have it. Unset if the figures are for all credentials. */
    credential?: string | null;
    /** APISIX's id of the credential: SHA-1 of `<namespace>_<caller>.<credential>`, in hex. */
    digest?: string;
}

/**
 * Rows for all callers and credentials of the config, also those without requests, and for unknown callers with
 * requests. Sorted by requests, most first.
 */
export function usageRows(tally: Tally, callers: Consumer[], namespace: string, by: Grouping): UsageRow[] {
    const rest = new Map(tally.figures().map((one) => [keyOf(one[0]), one]));
    const take = (owner: Owner): Figures => {
        const [, figures] = rest.get(keyOf(owner)) ?? [owner, tally.zero];
        rest.delete(keyOf(owner));
        return figures;
    };
    const known = callers.flatMap(({ name, credentials }): UsageRow[] => {
        const consumer = `${namespace}_${name}`;
        if (by === "caller") return [{ caller: name, kind: "caller", ...take({ consumer }) }];
        return credentials.map(({ id }) => {
            const digest = credentialId(consumer, id);
            return { caller: name, kind: "caller", credential: id, digest, ...take({ consumer, digest }) };
        });
    });
    const names = new Set(callers.map(({ name }) => name));
    const others = [...rest.values()].map(([{ consumer, digest }, figures]): UsageRow => {
        const more = digest === undefined ? {} : { credential: null, digest };
        return { ...identified(consumer, namespace, names), ...more, ...figures };
    });
    return [...known, ...others].sort(
        (a, b) => b.requests - a.requests || (orderOf(a) < orderOf(b) ? -1 : orderOf(a) > orderOf(b) ? 1 : 0),
    );
}

const keyOf = ({ consumer, digest }: Owner) => JSON.stringify([consumer, digest]);
const orderOf = ({ caller, credential, digest }: UsageRow) => `${caller ?? ""} ${credential ?? ""} ${digest ?? ""}`;

function identified(consumer: string, namespace: string, names: Set<string>): Pick<UsageRow, "caller" | "kind"> {
    if (consumer === "") return { caller: null, kind: "no-caller" };
    const own = `${namespace}_`;
    if (!consumer.startsWith(own)) return { caller: consumer, kind: "unknown" };
    const caller = consumer.slice(own.length);
    if (caller === VERIFIER) return { caller, kind: "verification" };
    // Also a caller of the config whose credential is not in the config.
    return { caller, kind: names.has(caller) ? "caller" : "unknown" };
}
