/** A tool is missing, and the user can correct that: the message says how, so no stack trace is needed. */
export class ToolchainError extends Error {
    constructor(
        message: string,
        /** The last lines of the failed program, shortened. */
        readonly output: string[] = [],
    ) {
        super(output.length === 0 ? message : `${message}\n${output.map((line) => `    ${line}`).join("\n")}`);
        this.name = "ToolchainError";
    }
}
