import { callerLimits, type Limits } from "../../components/consumers/limits";
import type { Stack } from "./stack";
import { readConsumers, readNumber } from "./stack-file";

/** Names of the limits, as the config has them. */
export const LIMITS = ["requests", "perSeconds", "concurrent"] as const;

type Lists = Pick<Stack, "text" | "callers">;

/** Limits in the entry of a caller, in the file that contains it. */
export function ownLimits({ text, callers }: Lists, caller: string): Limits {
    for (const list of [text, callers?.text ?? ""]) {
        const index = readConsumers(list).findIndex(({ name }) => name === caller);
        if (index >= 0) return limitsAt(list, "consumers", String(index), "limits");
    }
    return {};
}

/** What a caller may use: its own limits, and those of the stack for what these leave out. */
export function limitsInForce(lists: Lists, caller: string): Limits {
    return callerLimits(limitsAt(lists.text, "limits"), ownLimits(lists, caller));
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
