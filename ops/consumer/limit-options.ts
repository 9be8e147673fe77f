import type { Command } from "commander";
import type { Limits } from "../../components/consumers/limits";
import { didYouMean } from "../../config/problems";
import { wholeNumber } from "../arguments";
import { LIMITS } from "../stack/limits";
import type { Stack } from "../stack/stack";
import { authenticatorIn, readNumber, readValue } from "../stack/stack-file";

export type LimitArgs = Pick<Limits, (typeof LIMITS)[number]>;

/** @param whose first words of each option's help text @param otherwise what the help text shows as the default */
export function withLimits(command: Command, whose: string, otherwise: string): Command {
    const unset = `(default: ${otherwise})`;
    return command
        .option("--requests <n>", `${whose}: requests per window ${unset}`, wholeNumber(1))
        .option("--per-seconds <s>", `length of the request window, in seconds ${unset}`, wholeNumber(1))
        .option("--concurrent <n>", `${whose}: requests open at the same time ${unset}`, wholeNumber(1));
}

/** Limits from the command line; undefined if there are none. */
export function limitsGiven(args: LimitArgs): LimitArgs | undefined {
    const given = LIMITS.flatMap((name) => (args[name] === undefined ? [] : [[name, args[name]] as const]));
    return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** Problems of `--class`. The config check finds them too, but it names the index of the caller instead of this option. */
export function classProblems({ text }: Pick<Stack, "text">, name: string): string[] {
    if (authenticatorIn(text) !== "gateway") {
        const option = String(readValue(text, "option"));
        return [`--class: only valid for a stack with a gateway of its own (got option ${option}). Leave it out.`];
    }
    const known = knownClasses(text);
    // If `classes` is stored as JSON text, as `pulumi config set` writes it, only the config check reads it.
    if (known === undefined || known.includes(name)) return [];
    const got = `(got ${JSON.stringify(name)}).`;
    if (known.length === 0)
        return [
            `--class: must be a name in classes, which is empty ${got} Add the class to the stack file: ${name}: {}`,
        ];
    return [
        `--class: must be one of ${known.join(", ")} ${got}${didYouMean(name, known) || " Choose one, or add it to classes."}`,
    ];
}

/** Names in `classes`; undefined if `classes` is stored as JSON text. */
function knownClasses(text: string): string[] | undefined {
    const classes = readValue(text, "classes");
    if (classes === undefined || classes === null) return [];
    const json = (classes as { toJSON?: () => unknown }).toJSON?.();
    return typeof json === "object" && json !== null ? Object.keys(json) : undefined;
}

/** `batch (its callers share 2 slots)`, `interactive`, or `none`. */
export function classInWords({ text }: Pick<Stack, "text">, name: string | undefined): string {
    if (name === undefined) return "none";
    const slots = readNumber(text, "classes", name, "slots");
    return slots === undefined ? name : `${name} (its callers share ${slots} slots)`;
}
