import { callerLimits, type Limits } from "../../components/consumers/limits";
import { callersOf, type Stack } from "./stack";
import { readLimits } from "./stack-file";

type Lists = Pick<Stack, "text" | "callers">;

/**
 * Limits in force for a caller: those of its entry, and the stack's limits where the entry sets none. `concurrent` is
 * omitted if the caller has a class, whose share limits the open requests instead.
 */
export function limitsInForce(lists: Lists, caller: string): Limits {
    const { limits = {}, class: named } = callersOf(lists).find(({ name }) => name === caller) ?? {};
    const { concurrent, ...rest } = callerLimits(readLimits(lists.text), limits);
    return concurrent === undefined || named !== undefined ? rest : { ...rest, concurrent };
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
