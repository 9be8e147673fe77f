import type { Noun } from "../arguments";
import { command as bash } from "./bash";
import { command as fish } from "./fish";
import { command as zsh } from "./zsh";

export const completion: Noun = {
    name: "completion",
    description: "Print tab completion for a shell",
    commands: [bash, zsh, fish],
};
