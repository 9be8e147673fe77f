import { withExamples, type AddCommand } from "../arguments";
import { renderBash } from "./bash";

export const command: AddCommand = (completion, context) =>
    withExamples(completion.command("zsh"), "completion zsh > ~/.alpa-auth-completion.zsh")
        .description('Print the script for zsh. Add to ~/.zshrc, after compinit: eval "$(alpa-auth completion zsh)"')
        // zsh can run completion functions of bash (bashcompinit).
        .action(() => context.out(`autoload -U +X bashcompinit && bashcompinit\n${renderBash(completion.parent!)}`));
