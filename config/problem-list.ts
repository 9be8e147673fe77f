import * as pulumi from "@pulumi/pulumi";

/** Everything that is wrong in one place, at once. Pulumi prints the message of a `RunError` and nothing else. */
export class ProblemList extends pulumi.RunError {
    constructor(
        where: string,
        readonly problems: string[],
    ) {
        const lines = problems.map((p) => `  - ${p}`).join("\n");
        super(`${problems.length} problem(s) in ${where}, nothing was changed:\n${lines}`);
        // The SDK formats the stack though it does not show it, and Node.js 20 takes 12 s over one that leads through
        // a scoped package's top folder (its colouring of module names never gets past it).
        this.stack = "";
    }
}
