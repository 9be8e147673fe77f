/** An answer of the API server with an error status. */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly reason: string,
        readonly body: string,
    ) {
        super(`(${status}) ${reason}: ${body.trim()}`);
    }
}
