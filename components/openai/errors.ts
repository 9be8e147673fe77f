import { OVER_LIMIT, OVER_OPEN, PAGE_429 } from "../route/route-plugin";

/** Type of an error in OpenAI's API, by status. SDKs choose their classes by the status. */
function typeOf(status: number): string {
    if (status >= 500) return "server_error";
    return status === 429 ? "rate_limit_error" : "invalid_request_error";
}

/** An error in the format of OpenAI's API. */
export function openaiError(
    status: number,
    message: string,
    { param = null, code = null }: { param?: string | null; code?: string | null } = {},
) {
    return { error: { message, type: typeOf(status), param, code } };
}

/** Code of the error about a model, which also names it in the body that the gateway replaces (token-count.ts). */
const MODEL_REFUSED = openaiError(403, "rejected by workflow: this caller may not use this model", {
    param: "model",
    code: "model_not_allowed",
});

const shaped = (status: number, code: string | null) =>
    JSON.stringify(openaiError(status, "$1", { code })).replaceAll("\\", "");

/** Filters of the plugin `response-rewrite`: nginx's pages and plugins' errors, in the format of OpenAI's. */
export const ERROR_FILTERS = [
    [PAGE_429, "jos", JSON.stringify(openaiError(429, OVER_LIMIT, { code: "rate_limit_exceeded" }))],
    ['<html>\\s*<head><title>(5[^<"\\\\]*)</title>.*', "jos", shaped(500, null)],
    ['<html>\\s*<head><title>([^<"\\\\]*)</title>.*', "jos", shaped(400, null)],
    ['\\{"(?:message|error_msg)":"rejected by workflow"\\}\\s*', "jo", JSON.stringify(MODEL_REFUSED)],
    [
        `\\{"(?:message|error_msg)":"((?:${Object.values(OVER_OPEN).join("|")}) (?:[^"\\\\]|\\\\.)*)"\\}\\s*`,
        "jo",
        shaped(429, "rate_limit_exceeded"),
    ],
    ['\\{"(?:message|error_msg)":"((?:[^"\\\\]|\\\\.)*)"\\}\\s*', "jo", shaped(400, null)],
].map(([pattern, options, replace]) => ({ regex: `^\\s*${pattern}$`, options, scope: "once", replace }));
