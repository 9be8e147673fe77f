import { callerLimits, type Limits } from "../../components/consumers/limits";
import { callersOf, type Stack } from "./stack";
import { readLimits, readNumber } from "./stack-file";

/** Names of the limits in the config. */
export const LIMITS = ["requests", "perSeconds", "concurrent"] as const;

type Lists = Pick<Stack, "text" | "callers">;

/** Limits that the entry of a caller sets. */
export function ownLimits(lists: Lists, caller: string): Limits {
    return callersOf(lists).find(({ name }) => name === caller)?.limits ?? {};
}

/**
 * Limits in force for a caller: those of its entry, and the stack's limits where the entry sets none. `concurrent` is
 * omitted if the caller's class has a share, which limits the open requests instead.
 */
export function limitsInForce(lists: Lists, caller: string): Limits {
    const { concurrent, ...rest } = callerLimits(readLimits(lists.text), ownLimits(lists, caller));
    return concurrent === undefined || classWithShare(lists, caller) !== undefined ? rest : { ...rest, concurrent };
}

/** Name of the caller's class, if the class has `slots`. */
export function classWithShare(lists: Lists, caller: string): string | undefined {
    const named = callersOf(lists).find(({ name }) => name === caller)?.class;
    return named !== undefined && readNumber(lists.text, "classes", named, "slots") !== undefined ? named : undefined;
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
