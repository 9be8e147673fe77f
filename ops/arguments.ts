import { InvalidArgumentError, Option, type Command } from "commander";
import { readFileSync } from "node:fs";
import { isDnsLabel, LABEL_LIMIT } from "../config/values";
import { CONSENT } from "./consent";
import type { Context } from "./context";

/**
 * Adds a verb's command, for example `add`, to the command of its noun, for example `consumer`. Each verb's file exports
 * this function as `command`.
 */
export type AddCommand = (noun: Command, context: Context) => void;

/** The commands about one subject. Each noun has a folder, whose index exports the `Noun`. */
export interface Noun {
    /** One word, for example `consumer`. */
    name: string;
    description: string;
    /** Verbs, in the order in which the help lists them. */
    commands: AddCommand[];
}

/** Options of every command that changes a stack: see {@link withChange}. */
export interface ChangeArgs {
    stack?: string;
    /** Whether the operator consents to the change. Default: false, and the command only shows the change. */
    yes?: boolean;
    json?: boolean;
}

/** Returns a parser for whole numbers from `least` to `most`. @param most largest number that the command supports */
export function wholeNumber(least: number, most = 999_999_999): (text: string) => number {
    return (text) => {
        if (/^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
        throw new InvalidArgumentError(`Must be a whole number of at least ${least} and at most ${most}.`);
    };
}

/** Parses a time limit in seconds. The maximum, a day, is below the limit of Node.js timers. */
export const timeLimit = wholeNumber(1, 86_400);

/** Reads the file that an option names. */
export function fileText(file: string): string {
    try {
        return readFileSync(file, "utf8").replaceAll("\r\n", "\n");
    } catch (error) {
        throw new InvalidArgumentError(`Must be a file that can be read (${(error as NodeJS.ErrnoException).code}).`);
    }
}

/** Parses the name of a consumer, or the id of a credential. */
export function label(text: string): string {
    if (isDnsLabel(text)) return text;
    throw new InvalidArgumentError(
        `Must be a DNS label: a-z, 0-9 and -, at most ${LABEL_LIMIT} characters, for example team-b.`,
    );
}

/** An option that may be repeated. @param without text that the help shows as the default */
export function repeatable(flags: string, about: string, without = "none", parse = (text: string) => text): Option {
    const collect = (value: string, before: string[]) => [...before, parse(value)];
    return new Option(flags, `${about}; may be repeated`).argParser(collect).default([], without);
}

export function withStack(command: Command): Command {
    return command.option("--stack <name>", "stack to work on (default: the one Pulumi has selected)");
}

/** Adds `--json` to a command that prints an answer: standard output is then exactly one JSON document. */
export function withJson(command: Command): Command {
    return command.option("--json", "print one JSON document instead of text");
}

/**
 * Adds `--yes` and `--verbose` to a command that changes something. Without `--yes`, it only shows what would change.
 * @param does what the command does with `--yes`
 */
export function withConsent(command: Command, does: string): Command {
    return command
        .option(CONSENT, `${does}; without it, show what would change and change nothing`)
        .option("--verbose", "show everything that Pulumi prints, and the diff of the file also with --yes");
}

/** How docs, messages and help write a command line. `npx alpa-auth`, or `alpa-auth` after `npm link`, runs the same program. */
export const COMMAND_LINE = "npm run ops --";
/** Like {@link COMMAND_LINE}, but without the lines that npm itself prints, for output that another program reads. */
const QUIET_COMMAND_LINE = "npm run -s ops --";

/** Adds `--stack`, `--yes` and `--json` to a command that changes a stack. @param does what the command does with `--yes` */
export function withChange(command: Command, does = "write the stack file and run pulumi up"): Command {
    return withJson(withConsent(withStack(command), does));
}

/** Adds example command lines to the help of a command. @param lines command lines without the name of the program */
export function withExamples(command: Command, ...lines: string[]): Command {
    const isForProgram = (line: string) => /--(json|format)\b/.test(line);
    const examples = lines.map((line) => `  ${isForProgram(line) ? QUIET_COMMAND_LINE : COMMAND_LINE} ${line}`);
    return command.addHelpText("after", ["", "Examples:", ...examples].join("\n"));
}

export function choice(flags: string, about: string, values: readonly string[], fallback?: string): Option {
    const option = new Option(flags, about).choices(values);
    return fallback === undefined ? option : option.default(fallback);
}

export function withConsumer(command: Command): Command {
    return command.argument("<consumer>", "name of the caller", label);
}

export function withCredential(command: Command, about = "id of the credential"): Command {
    return withConsumer(command).argument("<credential>", about, label);
}

/** Returns ` --stack <name>` for a suggested next command; empty if this command got no `--stack`. */
export function stackFlag({ stack }: { stack?: string }): string {
    return stack === undefined ? "" : ` --stack ${stack}`;
}
