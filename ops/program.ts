/** The commands of `alpa-auth`. Each noun has a folder, and each verb a file with its arguments and options. */
import { Command } from "commander";
import { version } from "../package.json";
import { COMMAND_LINE, type Noun } from "./arguments";
import { check } from "./check";
import { consumer } from "./consumer";
import type { Context } from "./context";
import { convert } from "./convert";
import { MEANINGS } from "./exit-codes";
import { stack } from "./stack";
import { token } from "./token";

/** Nouns, in the order in which the help lists them. */
const NOUNS: Noun[] = [consumer, token, stack, check, convert];

export function program(context: Context): Command {
    const root = new Command(COMMAND_LINE)
        .description(
            "Manage the callers of an Alpa service and the stacks in front of it. A command that changes something only shows what would change; run it again with --yes to do it.",
        )
        .version(version, "-V, --version", "print the version")
        .addHelpText("after", exitCodes());
    for (const { name, description, commands } of NOUNS) {
        const noun = root.command(name).description(description);
        for (const add of commands) add(noun, context);
    }
    inImperative(root);
    verbsOf(root).forEach(({ verb }) => onceEach(verb));
    return root;
}

/** Every verb, with the words that select it on the command line: its noun and the verb itself. */
export function verbsOf(command: Command, words: string[] = []): { words: string[]; verb: Command }[] {
    if (command.commands.length === 0) return [{ words, verb: command }];
    return command.commands.flatMap((sub) => verbsOf(sub, [...words, sub.name()]));
}

function exitCodes(): string {
    return ["", "Exit codes:", ...Object.entries(MEANINGS).map(([code, meaning]) => `  ${code}  ${meaning}`)].join(
        "\n",
    );
}

/** Rejects an option that is given twice, or with its `--no-` form: commander would silently ignore all but the last. */
function onceEach(command: Command): void {
    const given = new Map<string, string>();
    for (const option of command.options) {
        const isRepeatable = Array.isArray(option.defaultValue);
        if (isRepeatable) continue;
        command.on(`option:${option.name()}`, () => {
            const before = given.get(option.attributeName());
            given.set(option.attributeName(), option.flags);
            if (before === undefined || (before === option.flags && option.isBoolean())) return;
            const what = before === option.flags ? "twice" : `with option '${before}'`;
            command.error(`error: option '${option.flags}' cannot be given ${what}`);
        });
    }
}

/** Replaces commander's own help texts, which are not in the imperative. */
function inImperative(command: Command): void {
    command.helpOption("-h, --help", "show this help");
    if (command.commands.length > 0) command.helpCommand("help [command]", "show the help of a command");
    command.commands.forEach(inImperative);
}
