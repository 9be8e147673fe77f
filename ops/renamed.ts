import type { Command } from "commander";
import { CONSENT } from "./consent";

/** Flags of consent of earlier versions. */
const FLAGS = ["--apply"];
/** Commands of earlier versions, with their present names. */
const COMMANDS: Record<string, string> = { "consumer expire": "consumer prune-expired" };

/**
 * What to say of a word of an earlier version, instead of proposing the one that is written most like it.
 * @param command that has refused the word
 * @param error as commander prints it
 * @returns undefined for a word that was never there
 */
export function renamedError(command: Command, error: string): string | undefined {
    const [, kind, word] = /^error: unknown (option|command) '([^']+)'/.exec(error) ?? [];
    if (kind === "option" && FLAGS.includes(word) && command.options.some(({ long }) => long === CONSENT))
        return `error: ${word}: is not an option any more. Use ${CONSENT}, the consent flag of every command.`;
    const old = `${command.name()} ${word}`;
    if (kind === "command" && Object.hasOwn(COMMANDS, old))
        return `error: ${old}: is not a command any more. Use ${COMMANDS[old]}.`;
    return undefined;
}
