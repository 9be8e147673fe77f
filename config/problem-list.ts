import * as pulumi from "@pulumi/pulumi";

/** Everything that is wrong in one place, at once. Pulumi prints the message of a `RunError` and nothing else. */
export class ProblemList extends pulumi.RunError {
    constructor(
        where: string,
        readonly problems: string[],
    ) {
        const lines = problems.map((p) => `  - ${p}`).join("\n");
        super(`${problems.length} problem(s) in ${where}, nothing was changed:\n${lines}`);
        // The SDK formats the stack trace even if it does not show it. That takes Node.js 20 12 s if the trace has a
        // scoped package's top folder, because of how it colours module names.
        this.stack = "";
    }
}
