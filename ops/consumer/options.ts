/** Options that several commands have. */
import type { Command } from "commander";
import { LIMITS, type Limits } from "../../components/consumers/limits";
import { PUBLIC_KEY_NAMES } from "../../components/consumers/signing-algorithms";
import { fileText, wholeNumber } from "../arguments";

/** Adds `--public-key-file`, whose value is the content of the file. */
export function withPublicKey(command: Command): Command {
    const help = `the caller's public key in PEM form, required with ${PUBLIC_KEY_NAMES} (default: none)`;
    return command.option("--public-key-file <file>", help, fileText);
}

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
    const given = LIMITS.filter((name) => args[name] !== undefined).map((name) => [name, args[name]]);
    return given.length === 0 ? undefined : Object.fromEntries(given);
}
