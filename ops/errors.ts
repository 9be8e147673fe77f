import { ProblemList } from "../config/problem-list";

/** Problems of the command or the config, which the user must correct: exit code 2, no stack trace. */
export class UsageError extends ProblemList {
    constructor(problems: string[]) {
        super("this command", problems);
    }
}

/** A failure outside of this program with a complete message: exit code 1, no stack trace. */
export class Failure extends Error {}

/** Findings of a check that ran successfully: exit code 3, no stack trace. */
export class FindingsError extends Error {}

/** Message of an error, or of any other thrown value. */
export function errorMessage(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
