import type { Command } from "commander";
import { withExamples, type AddCommand } from "../arguments";
import { completionsOf, type Completions } from "./typed";

export const command: AddCommand = (completion, context) =>
    withExamples(completion.command("fish"), "completion fish > ~/.config/fish/completions/alpa-auth.fish")
        .description("Print the script for fish. Add to ~/.config/fish/config.fish: alpa-auth completion fish | source")
        .action(() => context.out(renderFish(completion.parent!)));

function renderFish(program: Command): string {
    return `function __alpa_auth_after
    set -l typed (commandline -opc)[2..3]
    test "$typed" = "$argv"
end
${completionsOf(program).flatMap(lines).join("\n")}`;
}

function lines({ words, next, flags }: Completions): string[] {
    const complete = `complete -c alpa-auth -n ${quoted(["__alpa_auth_after", ...words].join(" "))}`;
    return [
        ...next.map(({ name, about }) => `${complete} -f -a ${name} -d ${quoted(about)}`),
        ...flags.map(({ name, about, choices, takesValue }) => {
            const value = choices ? ` -x -a ${quoted(choices.join(" "))}` : takesValue ? " -r" : "";
            return `${complete} -l ${name.slice("--".length)}${value} -d ${quoted(about)}`;
        }),
    ];
}

function quoted(text: string): string {
    return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
