import type { Command } from "commander";
import type { Limits } from "../../components/consumers/limits";
import { wholeNumber } from "../arguments";
import { LIMITS } from "../stack/limits";
import type { Stack } from "../stack/stack";
import { readNumber } from "../stack/stack-file";

export type LimitArgs = Pick<Limits, (typeof LIMITS)[number]>;

/** @param whose first words of each option's help text @param otherwise what the help text shows as the default */
export function withLimits(command: Command, whose: string, otherwise: string): Command {
    const unset = `(default: ${otherwise})`;
    return command
        .option("--requests <n>", `${whose}: requests per window ${unset}`, wholeNumber(1))
        .option("--per-seconds <s>", `length of the request window, in seconds ${unset}`, wholeNumber(1))
        .option("--concurrent <n>", `${whose}: requests open at the same time ${unset}`, wholeNumber(1))
        .option("--max-tokens <n>", `${whose}: tokens that one request may generate ${unset}`, wholeNumber(1))
        .option("--tokens <n>", `${whose}: tokens of prompts and answers per window ${unset}`, wholeNumber(1))
        .option("--per-token-seconds <s>", `length of the token window, in seconds ${unset}`, wholeNumber(1));
}

/** The options of all limits, for messages. */
export const LIMIT_OPTIONS = LIMITS.map(
    (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
).join(", ");

/** Limits from the command line; undefined if there are none. */
export function limitsGiven(args: LimitArgs): LimitArgs | undefined {
    const given = LIMITS.flatMap((name) => (args[name] === undefined ? [] : [[name, args[name]] as const]));
    return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** `batch (its callers share 2 slots)`, `interactive`, or `none`. */
export function classInWords({ text }: Pick<Stack, "text">, name: string | undefined): string {
    if (name === undefined) return "none";
    const slots = readNumber(text, "classes", name, "slots");
    return slots === undefined ? name : `${name} (its callers share ${slots} slots)`;
}
