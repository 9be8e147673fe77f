import type { Command, Help } from "commander";
import { JSON_DOCUMENTS } from "./json-documents";

/** The page of the reference for the command line, as Markdown: every noun and verb with its arguments and options. */
export function cliPage(root: Command): string {
    const help = root.createHelp();
    return [
        `# Command line: ${root.name()}`,
        help.commandDescription(root),
        "Run it in the clone as `npx alpa-auth <noun> <verb>`, or as `npm run ops -- <noun> <verb>`. [Consent, exit codes and JSON](command-line.md) are the same for all.",
        "<!-- Generated from the commands in ops/. After a change of them: npm run golden -->",
        ...help
            .visibleCommands(root)
            .filter(isOwn)
            .flatMap((noun) => nounSections(noun, help)),
        "",
    ].join("\n\n");
}

function nounSections(noun: Command, help: Help): string[] {
    const verbs = help.visibleCommands(noun).filter(isOwn);
    return [`## ${noun.name()}`, `${noun.description()}.`, ...verbs.flatMap((verb) => verbSections(verb, noun, help))];
}

function verbSections(verb: Command, noun: Command, help: Help): string[] {
    const items = [
        ...help.visibleArguments(verb).map((one) => [`<${one.name()}>`, help.argumentDescription(one)]),
        ...help
            .visibleOptions(verb)
            .filter(({ long }) => long !== "--help")
            .map((one) => [one.flags, help.optionDescription(one)]),
    ];
    const document = JSON_DOCUMENTS[`${noun.name()} ${verb.name()}`];
    return [
        `### ${noun.name()} ${verb.name()}`,
        `${verb.description()}.`,
        [
            "```sh",
            `npx alpa-auth ${noun.name()} ${verb.name()} ${help.commandUsage(verb).split(` ${verb.name()} `)[1] ?? ""}`.trim(),
            "```",
        ].join("\n"),
        ...(items.length === 0 ? [] : [items.map(([name, text]) => `- \`${name}\`: ${plain(text)}`).join("\n")]),
        ...(document === undefined ? [] : [`JSON: ${document}.`]),
    ];
}

/** `<` and `|` begin a tag or a cell in Markdown. */
function plain(text: string): string {
    return text.replaceAll("<", "&lt;").replaceAll("|", "\\|");
}

function isOwn(command: Command): boolean {
    return command.name() !== "help";
}
