import type { Command } from "commander";
import type { Limits } from "../../components/consumers/limits";
import { wholeNumber } from "../arguments";
import { LIMITS } from "../stack/limits";

export type LimitArgs = Pick<Limits, (typeof LIMITS)[number]>;

/** @param whose in front of what each limits @param otherwise what holds for a limit that is not given */
export function withLimits(command: Command, whose: string, otherwise: string): Command {
    const unset = `(default: ${otherwise})`;
    return command
        .option("--requests <n>", `${whose}: requests per window ${unset}`, wholeNumber(1))
        .option("--per-seconds <s>", `length of that window, in seconds ${unset}`, wholeNumber(1))
        .option("--concurrent <n>", `${whose}: requests open at the same time ${unset}`, wholeNumber(1));
}

/** Those that were given; undefined where none was. */
export function limitsGiven(args: LimitArgs): LimitArgs | undefined {
    const given = LIMITS.flatMap((name) => (args[name] === undefined ? [] : [[name, args[name]] as const]));
    return given.length === 0 ? undefined : Object.fromEntries(given);
}
