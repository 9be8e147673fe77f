import type { Noun } from "../arguments";
import { command as issue } from "./issue";

export const token: Noun = {
    name: "token",
    description: "Issue tokens for callers (JWT)",
    commands: [issue],
};
