import type { Command } from "commander";
import type { Context } from "./context";

/** The one flag that lets a command change something. */
export const CONSENT = "--yes";

/** Whether a command changes something with `--yes`, or writes a file with `--out`. */
export function changesSomething({ options }: Pick<Command, "options">): boolean {
    return options.some(({ long }) => long === CONSENT || long === "--out");
}

/** How a command prints its answer. */
export interface AnswerFormat {
    json?: boolean;
    /** Format of a review. Unset for commands that print no review. */
    format?: "text" | "json" | "markdown";
}

/**
 * Prints the last line of a command that would change something but was run without consent. The line goes to standard
 * output if the answer is text, otherwise to standard error.
 * @param does what the command does with consent, for example `write the file`
 */
export function dryRun({ out, note }: Pick<Context, "out" | "note">, does: string, answer: AnswerFormat): void {
    const isText = !answer.json && (answer.format ?? "text") === "text";
    (isText ? out : note)(`\nDry run: nothing was changed. Run again with ${CONSENT} to ${does}.`);
}
