import { withExamples, type AddCommand } from "../arguments";
import { renderBash } from "./bash";

export const command: AddCommand = (completion, context) =>
    withExamples(completion.command("zsh"), "completion zsh > ~/.alpa-auth-completion.zsh")
        .description('Print the script for zsh: eval "$(alpa-auth completion zsh)" in ~/.zshrc, after compinit')
        // zsh can run completion functions of bash (bashcompinit).
        .action(() => context.out(`autoload -U +X bashcompinit && bashcompinit\n${renderBash(completion.parent!)}`));
