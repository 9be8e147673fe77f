import { ProblemList } from "../../config/problem-list";

/** Findings at Cloudflare. Thrown before the first resource, in preview too. */
export class CloudflareError extends ProblemList {
    constructor(problems: string[]) {
        super("the Cloudflare account", problems);
    }
}
