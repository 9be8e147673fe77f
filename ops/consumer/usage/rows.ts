import { VERIFIER } from "../../../components/opt/conversion-phases";
import type { ListedCaller } from "../../../config/keys/consumers/listed";
import { figuresOf, type Figures } from "./figures";

export interface UsageRow extends Figures {
    /** Name in the stack; APISIX's name for a caller of another namespace; null for requests without a caller. */
    caller: string | null;
    /** `unknown`: the config does not have the caller. `verification`: the program's own checks of option intra-b. */
    kind: "caller" | "unknown" | "verification" | "no-caller";
}

/**
 * Rows for all callers of the config, also those without requests, and for unknown callers with requests. Sorted by
 * requests, most first.
 * @param found figures by APISIX's name of the consumer; empty name: requests without a caller
 */
export function usageRows(found: ReadonlyMap<string, Figures>, callers: ListedCaller[], namespace: string): UsageRow[] {
    const none = figuresOf([], 0);
    const consumerOf = ({ name }: ListedCaller) => `${namespace}_${name}`;
    const known = callers.map((one): UsageRow => {
        return { caller: one.name, kind: "caller", ...(found.get(consumerOf(one)) ?? none) };
    });
    const names = new Set(callers.map(consumerOf));
    const others = [...found]
        .filter(([consumer]) => !names.has(consumer))
        .map(([consumer, figures]): UsageRow => ({ ...identified(consumer, namespace), ...figures }));
    const nameOf = ({ caller }: UsageRow) => caller ?? "";
    return [...known, ...others].sort((a, b) => b.requests - a.requests || (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** A consumer that is no caller of the config. */
function identified(consumer: string, namespace: string): Pick<UsageRow, "caller" | "kind"> {
    if (consumer === "") return { caller: null, kind: "no-caller" };
    const own = `${namespace}_`;
    if (!consumer.startsWith(own)) return { caller: consumer, kind: "unknown" };
    const caller = consumer.slice(own.length);
    return { caller, kind: caller === VERIFIER ? "verification" : "unknown" };
}
