import type { Command } from "commander";
import { CONSENT } from "./consent";

/** Consent flags of earlier versions. */
const FLAGS = ["--apply"];
/** Commands of earlier versions, with their present names. */
const COMMANDS: Record<string, string> = { "consumer expire": "consumer prune-expired" };

/**
 * Error message for a flag or command of an earlier version, instead of commander's suggestion of a similar word.
 * @param command the command that rejected the word
 * @param error the error message of commander
 * @returns undefined for a word that no earlier version had
 */
export function renamedError(command: Command, error: string): string | undefined {
    const [, kind, word] = /^error: unknown (option|command) '([^']+)'/.exec(error) ?? [];
    if (kind === "option" && FLAGS.includes(word) && command.options.some(({ long }) => long === CONSENT))
        return `error: ${word}: is no longer an option. Use ${CONSENT}, the consent flag of every command.`;
    const old = `${command.name()} ${word}`;
    if (kind === "command" && Object.hasOwn(COMMANDS, old))
        return `error: ${old}: is no longer a command. Use ${COMMANDS[old]}.`;
    return undefined;
}
