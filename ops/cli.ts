/** Runs the command line `npx alpa-auth <noun> <verb>`. */
import { CommanderError, type Command } from "commander";
import { ProblemList } from "../config/problem-list";
import { changesSomething } from "./consent";
import { realContext, type Context } from "./context";
import { Failure, FindingsError } from "./errors";
import { EXIT } from "./exit-codes";
import { program } from "./program";

const HELP_COLUMNS = 100;

/** Runs one command. @returns the exit code */
export async function run(args: string[], context: Context): Promise<number> {
    const root = program(context);
    quiet(root, context);
    let command: Command | undefined;
    root.hook("preAction", (_, one) => {
        command = one;
        context.verbose = one.opts().verbose === true;
    });
    try {
        await root.parseAsync(args, { from: "user" });
        return EXIT.done;
    } catch (error) {
        return explain(error, context, command);
    }
}

/** Prints why a command failed. @param command undefined if the arguments name no command @returns the exit code */
function explain(error: unknown, { note }: Context, command: Command | undefined): number {
    // Commander has already printed the error. It also throws one, with exit code 0, after it has printed help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (error instanceof ProblemList || error instanceof Failure || error instanceof FindingsError) {
        const isReader = command !== undefined && !changesSomething(command);
        note(isReader && error instanceof ProblemList ? error.ofReader() : error.message);
        if (error instanceof FindingsError) return EXIT.findings;
        return error instanceof Failure ? EXIT.failure : EXIT.usage;
    }
    note(refusedBySystem(error) ?? (error as Error).stack ?? String(error));
    return EXIT.failure;
}

/**
 * A line about a file, program or port that the operating system does not let this process use. Undefined for any other
 * error.
 */
function refusedBySystem(error: unknown): string | undefined {
    const { syscall, path, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) return undefined;
    return path === undefined ? message : `${path}: cannot be used (${message}). Check the path and its permissions.`;
}

/** Makes commander throw instead of ending the process, and write to the context's streams. */
function quiet(command: Command, context: Context): void {
    command.exitOverride().configureOutput({
        // A fixed width, also in a pipe, since a test compares the help with a file.
        getOutHelpWidth: () => HELP_COLUMNS,
        getErrHelpWidth: () => HELP_COLUMNS,
        writeOut: (text) => context.out(text.trimEnd()),
        writeErr: (text) => context.note(text.trimEnd()),
        outputError: (text, write) => write(invalidValue(text) ?? text),
    });
    command.commands.forEach((sub) => quiet(sub, context));
}

/** Commander's errors about the value of an argument or option (lib/command.js at 14.0). */
const INVALID =
    /^error: (?:command-argument value '(.*)' is invalid for argument '(.*)'|option '(.*)' argument '(.*)' is invalid)\. ([^]*)\.$/;

/**
 * Rewrites commander's error about an invalid value, so that it looks like the other errors: option or argument, rule,
 * value.
 */
function invalidValue(text: string): string | undefined {
    const [, argumentValue, argument, option, optionValue, rule] = INVALID.exec(text.trimEnd()) ?? [];
    if (rule === undefined) return undefined;
    const where = option ?? `<${argument}>`;
    return `error: ${where}: ${rule[0].toLowerCase()}${rule.slice(1)} (got ${JSON.stringify(optionValue ?? argumentValue)}).`;
}

/** Runs the command that the process was started with. */
export function main(): void {
    // If a pipe or terminal is closed, for example by `| head`, the run must not end in the middle of a change.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
    // process.exit() would lose output that is not yet written to a pipe.
    void run(process.argv.slice(2), realContext()).then((code) => (process.exitCode = code));
}
