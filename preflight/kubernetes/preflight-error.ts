import { ProblemList } from "../../config/problem-list";

/** Findings in the cluster. Thrown before the first resource, in preview too. */
export class PreflightError extends ProblemList {
    constructor(problems: string[]) {
        super("the cluster", problems);
    }
}
