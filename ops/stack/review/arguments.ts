import { Option, type Command } from "commander";
import { choice } from "../../arguments";

const FORMATS = ["text", "json", "markdown"] as const;
const FAIL_ON = ["breaks-callers", "risk", "none"] as const;

/** Options of a command that prints a review. */
export interface ReviewOptions {
    stack?: string;
    format: (typeof FORMATS)[number];
    failOn: (typeof FAIL_ON)[number];
}

/** Adds `--format` and `--json` to a command with several output formats. The first format is the default. */
export function withFormat(command: Command, about = "how to print the review"): Command {
    return command
        .addOption(choice("--format <format>", about, FORMATS, FORMATS[0]))
        .addOption(new Option("--json", "print one JSON document, the same as --format json").conflicts("format"))
        .hook("preAction", (_, one) => {
            if (one.opts().json) one.setOptionValue("format", "json");
        });
}

/** Adds `--format`, `--json` and `--fail-on` to a command that prints a review. */
export function withReview(command: Command, limit: (typeof FAIL_ON)[number] = FAIL_ON[0]): Command {
    return withFormat(command, "output format; markdown is for a comment on a pull request").addOption(
        choice("--fail-on <severity>", "exit with 3 when a finding is at least this severe", FAIL_ON, limit),
    );
}
