/** `npx alpa-auth <noun> <verb>`. Exit status: 0 done, 1 ours or the network's fault, 2 the user's. */
import { CommanderError, type Command } from "commander";
import { ProblemList } from "../config/problem-list";
import { realContext, type Context } from "./context";
import { Failure } from "./errors";
import { program } from "./program";

const HELP_COLUMNS = 100;

/** Runs one command. @returns the exit status */
export async function run(args: string[], context: Context): Promise<number> {
    const root = program(context);
    quiet(root, context);
    try {
        await root.parseAsync(args, { from: "user" });
        return 0;
    } catch (error) {
        // Commander has said it already. Asked for help it has done what was asked.
        if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
        if (error instanceof ProblemList || error instanceof Failure) {
            context.note(error.message);
            return error instanceof Failure ? 1 : 2;
        }
        context.note((error as Error).stack ?? String(error));
        return 1;
    }
}

/** Throws instead of ending the process, and writes where the context says. */
function quiet(command: Command, context: Context): void {
    command.exitOverride().configureOutput({
        // As wide in a pipe as in any terminal: the help is compared with a file.
        getOutHelpWidth: () => HELP_COLUMNS,
        getErrHelpWidth: () => HELP_COLUMNS,
        writeOut: (text) => context.out(text.trimEnd()),
        writeErr: (text) => context.note(text.trimEnd()),
    });
    command.commands.forEach((sub) => quiet(sub, context));
}

/** Runs the command that the process was started with. */
export function main(): void {
    // Set, not called: what is still to be written to a pipe gets there.
    void run(process.argv.slice(2), realContext()).then((code) => (process.exitCode = code));
}

if (require.main === module) main();
