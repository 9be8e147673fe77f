import type { Noun } from "../arguments";
import { command as dns } from "./dns";
import { command as exposure } from "./exposure";
import { command as smoke } from "./smoke";

export const check: Noun = {
    name: "check",
    description: "Run read-only checks of DNS, exposed ports and the running API",
    commands: [dns, exposure, smoke],
};
