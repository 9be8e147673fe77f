import * as pulumi from "@pulumi/pulumi";

/** An error with all problems. Pulumi prints only the message of a `RunError`. */
export class ProblemList extends pulumi.RunError {
    constructor(
        private readonly where: string,
        readonly problems: string[],
    ) {
        super(`${problems.length} problem(s) in ${where}, nothing was changed:\n${listed(problems)}`);
        // The SDK formats the stack trace even if it does not show it. With Node.js 20 that takes 12 s if a path in the
        // trace has the top folder of a scoped package, because of how Node.js colours module names.
        this.stack = "";
    }

    /** The message of a command that only reads, for which an unchanged stack is no news. */
    ofReader(): string {
        return `${this.problems.length} problem(s) in ${this.where}:\n${listed(this.problems)}`;
    }
}

function listed(problems: string[]): string {
    return problems.map((p) => `  - ${p}`).join("\n");
}
