import { ProblemList } from "../../config/problem-list";

/** Findings of the hosts. Thrown before the first resource, in preview too. */
export class HostsError extends ProblemList {
    constructor(problems: string[]) {
        super("the hosts of cluster.nodes", problems);
    }
}
