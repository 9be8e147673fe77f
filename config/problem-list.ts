import * as pulumi from "@pulumi/pulumi";

/** An error with all problems. Pulumi prints only the message of a `RunError`. */
export class ProblemList extends pulumi.RunError {
    constructor(
        private readonly where: string,
        readonly problems: string[],
    ) {
        super(listed(`${where}, nothing was changed`, problems));
        // The SDK formats the stack trace even if it does not show it. With Node.js 20 that takes 12 s if a path in the
        // trace has the top folder of a scoped package, because of how Node.js colours module names.
        this.stack = "";
    }

    /** The message of a command that only reads, for which an unchanged stack is no news. */
    ofReader(): string {
        return listed(this.where, this.problems);
    }
}

function listed(where: string, problems: string[]): string {
    return `${problems.length} problem(s) in ${where}:\n${problems.map((p) => `  - ${p}`).join("\n")}`;
}
