import { ProblemList } from "../../config/problem-list";

/** All problems of callers at the gateway of another stack. Thrown before the first resource, in preview too. */
export class GatewayError extends ProblemList {
    constructor(problems: string[]) {
        super("the gateway of another stack", problems);
    }
}
