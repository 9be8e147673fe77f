import type { Command, Help } from "commander";
import { COMMAND_LINE } from "./arguments";
import { JSON_DOCUMENTS } from "./json-documents";

/** Renders the command line reference as Markdown: every noun and verb with its arguments and options. */
export function cliPage(root: Command): string {
    const help = root.createHelp();
    return [
        "# Command line: alpa-auth",
        help.commandDescription(root),
        "Run it in the clone as `npm run ops -- <noun> <verb>`; `npx alpa-auth <noun> <verb>` is the same. For output that another program reads, use `npm run -s ops --`. [Consent, exit codes and JSON](command-line.md) are the same for all commands.",
        "<!-- Generated from the commands in ops/ -->",
        ...help
            .visibleCommands(root)
            .filter(isOwn)
            .flatMap((noun) => nounSections(noun, help, [])),
        "",
    ].join("\n\n");
}

/** Renders a noun and its verbs. @param above for a noun of several words: the words before its last word */
function nounSections(noun: Command, help: Help, above: string[]): string[] {
    const verbs = help.visibleCommands(noun).filter(isOwn);
    const words = [...above, noun.name()];
    if (verbs.some(({ commands }) => commands.length > 0))
        return verbs.flatMap((next) => nounSections(next, help, words));
    const name = words.join(" ");
    return [`## ${name}`, `${noun.description()}.`, ...verbs.flatMap((verb) => verbSections(verb, name, help))];
}

function verbSections(verb: Command, noun: string, help: Help): string[] {
    const items = [
        ...help.visibleArguments(verb).map((one) => [`<${one.name()}>`, help.argumentDescription(one)]),
        ...help
            .visibleOptions(verb)
            .filter(({ long }) => long !== "--help")
            .map((one) => [one.flags, help.optionDescription(one)]),
    ];
    const document = JSON_DOCUMENTS[`${noun} ${verb.name()}`];
    return [
        `### ${noun} ${verb.name()}`,
        `${verb.description()}.`,
        [
            "```sh",
            `${COMMAND_LINE} ${noun} ${verb.name()} ${help.commandUsage(verb).split(` ${noun} ${verb.name()} `)[1] ?? ""}`.trim(),
            "```",
        ].join("\n"),
        ...(items.length === 0 ? [] : [items.map(([name, text]) => `- \`${name}\`: ${plain(text)}`).join("\n")]),
        ...(document === undefined ? [] : [`JSON: ${document}.`]),
    ];
}

/** Escapes `<` and `|`, which begin a tag or a cell in Markdown. */
function plain(text: string): string {
    return text.replaceAll("<", "&lt;").replaceAll("|", "\\|");
}

function isOwn(command: Command): boolean {
    return command.name() !== "help";
}
