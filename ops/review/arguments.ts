import type { Command, Option } from "commander";
import { choice } from "../arguments";

export const FORMATS = ["text", "json", "markdown"] as const;
export const FAIL_ON = ["breaks-callers", "risk", "none"] as const;

export function formatOption(about: string): Option {
    return choice("--format <format>", about, FORMATS, "text");
}

/** For every command whose result is a review. */
export function withReview(command: Command, limit: (typeof FAIL_ON)[number] = FAIL_ON[0]): Command {
    return command
        .addOption(formatOption("how to print it; markdown is for a pull request"))
        .addOption(choice("--fail-on <severity>", "exit with 1 when a finding is as bad, or worse", FAIL_ON, limit));
}
