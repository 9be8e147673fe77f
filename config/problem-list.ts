// Not the whole SDK, which takes 1 s of CPU time to load: the sandbox needs nothing else of it.
import { RunError } from "@pulumi/pulumi/errors";
import { counted } from "./problems";

/** An error with all problems. Pulumi prints only the message of a `RunError`. */
export class ProblemList extends RunError {
    constructor(
        private readonly where: string,
        readonly problems: string[],
    ) {
        super(listed(`${where}, nothing was changed`, problems));
        // The SDK formats the stack trace even if it does not show it. Node.js 20 then colours module names in the trace,
        // which takes 12 s if a path in the trace ends with the folder of a scoped package.
        this.stack = "";
    }

    /** The message for a command that only reads. It omits "nothing was changed", which is true of every such command. */
    ofReader(): string {
        return listed(this.where, this.problems);
    }
}

function listed(where: string, problems: string[]): string {
    return `${counted(problems.length, "problem")} in ${where}:\n${problems.map((p) => `  - ${p}`).join("\n")}`;
}
