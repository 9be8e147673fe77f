import type { Noun } from "../arguments";
import { command as inspect } from "./inspect";
import { command as issue } from "./issue";

export const token: Noun = {
    name: "token",
    description: "Issue and inspect tokens of callers (JWT)",
    commands: [issue, inspect],
};
