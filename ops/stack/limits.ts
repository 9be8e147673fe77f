import { callerLimits, type Limits } from "../../components/consumers/limits";
import type { Stack } from "./stack";
import { readConsumers, readNumber, readValue } from "./stack-file";

/** Names of the limits in the config. */
export const LIMITS = ["requests", "perSeconds", "concurrent"] as const;

type Lists = Pick<Stack, "text" | "callers">;

/** Limits that the entry of a caller sets. */
export function ownLimits(lists: Lists, caller: string): Limits {
    const entry = entryOf(lists, caller);
    return entry === undefined ? {} : limitsAt(entry.list, "consumers", entry.index, "limits");
}

/**
 * Limits in force for a caller: those of its entry, and the stack's limits where the entry sets none. `concurrent` is
 * omitted if the caller's class has a share, which limits the open requests instead.
 */
export function limitsInForce(lists: Lists, caller: string): Limits {
    const { concurrent, ...rest } = callerLimits(limitsAt(lists.text, "limits"), ownLimits(lists, caller));
    return concurrent === undefined || classWithShare(lists, caller) !== undefined ? rest : { ...rest, concurrent };
}

/** Name of the caller's class, if the class has `slots`. */
export function classWithShare(lists: Lists, caller: string): string | undefined {
    const entry = entryOf(lists, caller);
    const name = entry && readValue(entry.list, "consumers", entry.index, "class");
    if (typeof name !== "string") return undefined;
    return readNumber(lists.text, "classes", name, "slots") === undefined ? undefined : name;
}

/** The list that contains a caller, and its index there. */
function entryOf({ text, callers }: Lists, caller: string): { list: string; index: string } | undefined {
    for (const list of [text, callers?.text ?? ""]) {
        const index = readConsumers(list).findIndex(({ name }) => name === caller);
        if (index >= 0) return { list, index: String(index) };
    }
    return undefined;
}

function limitsAt(text: string, ...[key, ...path]: [string, ...string[]]): Limits {
    const found = LIMITS.map((name) => [name, readNumber(text, key, ...path, name)] as const);
    return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

/** `60 requests per 60 s, 2 at the same time`, or `none`. */
export function limitsInWords({ requests, perSeconds, concurrent }: Limits): string {
    const words = [
        ...(requests === undefined && perSeconds === undefined
            ? []
            : [`${requests ?? "?"} requests per ${perSeconds ?? "?"} s`]),
        ...(concurrent === undefined ? [] : [`${concurrent} at the same time`]),
    ];
    return words.length === 0 ? "none" : words.join(", ");
}
