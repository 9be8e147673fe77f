import type { Limits } from "../../components/consumers/limits";
import type { ReadStack } from "./settings";

/** Limits in force for a caller: those of its entry, and the stack's limits where the entry sets none. */
export function limitsInForce({ settings }: ReadStack, caller: string): Limits {
    if (settings.option === "cloudflare") return {};
    return settings.consumers.find(({ name }) => name === caller)?.limits ?? {};
}

/** `60 requests per 60 s, 2 at the same time, 4096 tokens per answer, 2000000 tokens per 86400 s`, or `none`. */
export function limitsInWords({ concurrent, maxTokens, ...limits }: Limits): string {
    const rate = (amount: number | undefined, what: string, seconds: number | undefined) =>
        amount === undefined ? [] : [`${amount} ${what} per ${seconds} s`];
    const words = [
        ...rate(limits.requests, "requests", limits.perSeconds),
        ...(concurrent === undefined ? [] : [`${concurrent} at the same time`]),
        ...(maxTokens === undefined ? [] : [`${maxTokens} tokens per answer`]),
        ...rate(limits.tokens, "tokens", limits.perTokenSeconds),
    ];
    return words.length === 0 ? "none" : words.join(", ");
}
