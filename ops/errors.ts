import { ProblemList } from "../config/problem-list";

/** All that stands against what was asked: the user's to correct, so exit code 2 and no trace. */
export class UsageError extends ProblemList {
    constructor(problems: string[]) {
        super("what was asked", problems);
    }
}

/** What went wrong outside of this program and is said in full: exit code 1, no trace. */
export class Failure extends Error {}

/** What a check has found, which did its work: exit code 3, no trace. */
export class FindingsError extends Error {}

/** What an error says, whatever was thrown. */
export function errorMessage(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
