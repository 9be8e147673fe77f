import { ProblemList } from "../config/problem-list";

/** All that stands against what was asked: the user's to correct, so exit status 2 and no trace. */
export class UsageError extends ProblemList {
    constructor(problems: string[]) {
        super("what was asked", problems);
    }
}

/** What went wrong outside of this program and is said in full: exit status 1, no trace. */
export class Failure extends Error {}

/** What an error says, whatever was thrown. */
export function errorMessage(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
