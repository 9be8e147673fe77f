import type { Command } from "commander";
import { withExamples, type AddCommand } from "../arguments";
import { completionsOf, type Completions } from "./typed";

export const command: AddCommand = (completion, context) =>
    withExamples(completion.command("bash"), "completion bash > ~/.alpa-auth-completion.bash")
        .description('Print the script for bash. Add to ~/.bashrc: eval "$(alpa-auth completion bash)"')
        .action(() => context.out(renderBash(completion.parent!)));

/**
 * A shell function that compares the typed words with patterns, the longest first. If none matches, bash offers files.
 */
export function renderBash(program: Command): string {
    return `_alpa_auth() {
    local candidates=""
    case " \${COMP_WORDS[*]:1:$((COMP_CWORD - 1))} " in
${completionsOf(program).reverse().flatMap(patterns).join("\n")}
    esac
    COMPREPLY=($(compgen -W "$candidates" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _alpa_auth alpa-auth`;
}

function patterns({ words, next, flags }: Completions): string[] {
    const before = words.map((word) => ` ${word}`).join("");
    const offer = (pattern: string, candidates: readonly string[]) =>
        `    ${pattern}) candidates="${candidates.join(" ")}" ;;`;
    const names = flags.map(({ name }) => name);
    if (next.length > 0)
        return [offer(before === "" ? '"  "' : `"${before} "`, [...next.map(({ name }) => name), ...names])];
    return [
        ...flags
            .filter(({ takesValue }) => takesValue)
            .map(({ name, choices = [] }) => offer(`"${before} "*" ${name} " | "${before} ${name} "`, choices)),
        offer(`"${before} "*`, names),
    ];
}
