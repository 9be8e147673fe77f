/** Types and helpers for answers of the API: results in their envelope, and failures with status and code. */

interface Problem {
    code: number;
    message: string;
    error_chain?: { code: number; message: string }[];
}

/**
 * An answer that rejects a request. It has the real API's error code if a recording, the documentation or a public
 * report names it. Otherwise the code is invented, because the provider reads only the status.
 */
export class ApiError extends Error {
    readonly problems: Problem[];
    constructor(
        readonly status: number,
        problems: Problem | Problem[],
        readonly headers: Record<string, string> = {},
    ) {
        super([problems].flat()[0].message);
        this.problems = [problems].flat();
    }
}

/** The emulator does not have this feature. The real API has the feature, or may have it. */
export class Unsupported extends ApiError {
    constructor(what: string) {
        super(501, { code: 501, message: `unsupported by the sandbox: ${what}` });
    }
}

export const refused = (code: number, message: string): ApiError => new ApiError(400, { code, message });
export const notFound = (code: number, message: string): ApiError => new ApiError(404, { code, message });

interface ResultInfo {
    page: number;
    per_page: number;
    count: number;
    total_count: number;
    total_pages: number;
}

export interface Answer {
    /** @default 200 */
    status?: number;
    result?: unknown;
    result_info?: ResultInfo;
    messages?: { code: number; message: string }[];
    /** Text that is sent as the whole body, without the envelope. */
    text?: string;
    /** Parts of a multipart/form-data body, which is sent without the envelope. */
    form?: { name: string; type: string; text: string }[];
}

export function envelope(answer: Answer): object {
    return {
        success: true,
        errors: [],
        messages: answer.messages ?? [],
        result: answer.result ?? null,
        ...(answer.result_info ? { result_info: answer.result_info } : {}),
    };
}
export const failure = (errors: Problem[]): object => ({ success: false, errors, messages: [], result: null });
