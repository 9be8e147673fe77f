/** Answers of the API: results in their envelope, and failures with status and code. */

/**
 * An answer that rejects a request. It has the real API's error code if a recording, the documentation or a public report names
 * it. Otherwise the code is invented, because the provider reads only the status.
 */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly code: number,
        message: string,
    ) {
        super(message);
    }
}

/** The emulator does not have this feature. The real API has the feature, or may have it. */
export class Unsupported extends ApiError {
    constructor(what: string) {
        super(501, 501, `unsupported by the sandbox: ${what}`);
    }
}

export interface Answer {
    result?: unknown;
    result_info?: object;
    /** An answer without a body: status 204. */
    empty?: true;
    /** The only part of a multipart/form-data body, which is sent without the envelope. */
    part?: { name: string; type: string; text: string };
}

export const envelope = ({ result = null, result_info }: Answer): object => ({
    ...{ success: true, errors: [], messages: [], result },
    ...(result_info && { result_info }),
});
export const failure = (code: number, message: string): object => ({
    ...{ success: false, errors: [{ code, message }], messages: [], result: null },
});
