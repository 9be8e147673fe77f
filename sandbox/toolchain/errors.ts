/** A tool cannot be had, and the reader can do something about it: the message says what, so no stack trace is needed. */
export class ToolchainError extends Error {
    constructor(
        message: string,
        /** Last lines of the failed program, already shortened. */
        readonly output: string[] = [],
    ) {
        super(output.length === 0 ? message : `${message}\n${output.map((line) => `    ${line}`).join("\n")}`);
        this.name = "ToolchainError";
    }
}
