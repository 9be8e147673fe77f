import { callerLimits, type Limits } from "../../components/consumers/limits";
import { callersOf, type Stack } from "./stack";
import { readLimits } from "./stack-file";

type Lists = Pick<Stack, "text" | "callers">;

/** Limits that the entry of a caller sets. */
export function ownLimits(lists: Lists, caller: string): Limits {
    return callersOf(lists).find(({ name }) => name === caller)?.limits ?? {};
}

/**
 * Limits in force for a caller: those of its entry, and the stack's limits where the entry sets none. `concurrent` is
 * omitted if the caller has a class, whose share limits the open requests instead.
 */
export function limitsInForce(lists: Lists, caller: string): Limits {
    const { concurrent, ...rest } = callerLimits(readLimits(lists.text), ownLimits(lists, caller));
    return concurrent === undefined || classOf(lists, caller) !== undefined ? rest : { ...rest, concurrent };
}

/** Name of the caller's class. */
export function classOf(lists: Lists, caller: string): string | undefined {
    return callersOf(lists).find(({ name }) => name === caller)?.class;
}

/** `60 requests per 60 s, 2 at the same time, 4096 tokens per answer, 2000000 tokens per 86400 s`, or `none`. */
export function limitsInWords({ concurrent, maxTokens, ...limits }: Limits): string {
    const rate = (amount: number | undefined, what: string, seconds: number | undefined) =>
        amount === undefined && seconds === undefined ? [] : [`${amount ?? "?"} ${what} per ${seconds ?? "?"} s`];
    const words = [
        ...rate(limits.requests, "requests", limits.perSeconds),
        ...(concurrent === undefined ? [] : [`${concurrent} at the same time`]),
        ...(maxTokens === undefined ? [] : [`${maxTokens} tokens per answer`]),
        ...rate(limits.tokens, "tokens", limits.perTokenSeconds),
    ];
    return words.length === 0 ? "none" : words.join(", ");
}
