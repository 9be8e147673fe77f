import * as pulumi from "@pulumi/pulumi";

/** An error with all problems. Pulumi prints only the message of a `RunError`. */
export class ProblemList extends pulumi.RunError {
    constructor(
        where: string,
        readonly problems: string[],
    ) {
        const lines = problems.map((p) => `  - ${p}`).join("\n");
        super(`${problems.length} problem(s) in ${where}, nothing was changed:\n${lines}`);
        // The SDK formats the stack trace even if it does not show it. If the trace has a scoped package's top folder,
        // that takes 12 s with Node.js 20, because of how it colours module names.
        this.stack = "";
    }
}
