import type { Command } from "commander";

export interface Flag {
    /** With both dashes. */
    name: string;
    about: string;
    /** Unset: it takes none, or any text. */
    choices?: readonly string[];
    takesValue: boolean;
}

/** What may follow words of a command line. */
export interface Completions {
    /** `[]`, `["consumer"]` or `["consumer", "add"]`. */
    words: string[];
    next: { name: string; about: string }[];
    flags: Flag[];
}

/** For the program, each noun and each verb: what may follow it, as the help says. */
export function completionsOf(command: Command, words: string[] = []): Completions[] {
    const help = command.createHelp();
    const flags = help.visibleOptions(command).map((option) => ({
        name: option.long!,
        about: option.description,
        choices: option.argChoices,
        takesValue: option.required || option.optional,
    }));
    const next = command.commands.map((sub) => ({ name: sub.name(), about: sub.description() }));
    return [{ words, next, flags }, ...command.commands.flatMap((sub) => completionsOf(sub, [...words, sub.name()]))];
}
