import type { Noun } from "../arguments";
import { command as dns } from "./dns";
import { command as exposure } from "./exposure";
import { command as smoke } from "./smoke";

export const check: Noun = {
    name: "check",
    description: "what is so outside of this program; looks only",
    commands: [dns, exposure, smoke],
};
