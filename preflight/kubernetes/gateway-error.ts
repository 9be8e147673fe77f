import { ProblemList } from "../../config/problem-list";

/** All that stands between callers and the gateway of another stack. Thrown before the first resource, in preview too. */
export class GatewayError extends ProblemList {
    constructor(problems: string[]) {
        super("the gateway of another stack", problems);
    }
}
