import type { Command } from "commander";

interface Flag {
    /** Name of the option, with both dashes. */
    name: string;
    about: string;
    /** Values of the option. Unset for an option without a value, or whose value may be any text. */
    choices?: readonly string[];
    takesValue: boolean;
}

/** Words that may follow the given words of a command line. */
export interface Completions {
    /** `[]`, `["consumer"]` or `["consumer", "add"]`. */
    words: string[];
    next: { name: string; about: string }[];
    flags: Flag[];
}

/** Returns the words that may follow the program's name, each noun and each verb, in the order of their help. */
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
