/** An error about a tool that the user can correct. The message says how, so no stack trace is printed. */
export class ToolchainError extends Error {
    constructor(
        message: string,
        /** The last lines of the failed program's output. */
        readonly output: string[] = [],
    ) {
        super(output.length === 0 ? message : `${message}\n${output.map((line) => `    ${line}`).join("\n")}`);
        this.name = "ToolchainError";
    }
}
