/** Interprets an answer. It checks for a redirect first, then the status, then the body. */
import type { Credential } from "./credential.js";
import * as errors from "./errors.js";
import type { Answer } from "./send.js";
import { adviceOn, adviceOn403, adviceOnAlpa, adviceOnRule, described, saidBy } from "./words.js";

/** Facts about a call for the error messages about its answer. */
export interface Call {
    url: string;
    auth: Credential | undefined;
    /** Whether Alpa's own key was sent in the body. */
    apiKey: boolean;
    /** Removes the credential from a text. */
    redact(text: string): string;
    /** Whether a value has the shape of this method's result. */
    isResult(value: Record<string, unknown>): boolean;
}

/** @returns the result @throws AlpaClientError if the answer is not a result */
export function readAnswer(answer: Answer, call: Call): Record<string, unknown> {
    const { status } = answer;
    const value = parse(answer.text);
    const success = status >= 200 && status < 300 && value !== undefined && value.type !== "error";
    if (success && call.isResult(value)) return value;
    throw errorOf(answer, value, call);
}

function errorOf(answer: Answer, value: Record<string, unknown> | undefined, call: Call): errors.AlpaClientError {
    const { status, headers } = answer;
    const facts: errors.ErrorFacts = {
        status,
        requestId: requestId(headers, call.redact),
        retryAfterSeconds: retryAfter(status, headers),
    };
    const said = saidBy(answer, value, call.redact);
    if (status === 0 || (status >= 300 && status < 400)) return redirected(answer, call, facts);
    if (status >= 400) return refused(answer, value, said, call, facts);
    if (value === undefined || status < 200)
        return new errors.UnreadableAnswerError(
            `${call.url} answered ${status} with ${described(answer)} instead of JSON`,
            "Check the address: another server may answer there. If the answer was cut off, the model has already done the work, so the client did not repeat the request.",
            facts,
        );
    if (value.type === "error") return alpaError(value, said, call, facts);
    return new errors.UnreadableAnswerError(
        `${call.url} answered ${status} with JSON that is not a result of this method${said}`,
        "Check the address: another server may answer there.",
        facts,
    );
}

/**
 * Text of the edge's own errors, for callers that do not accept HTML. The edge sends these errors before it checks the
 * Access policy or forwards the request to an origin.
 */
const EDGE_ERROR = /^\s*error code: (1\d{3})\s*$/;

function refused(
    answer: Answer,
    value: Record<string, unknown> | undefined,
    said: string,
    call: Call,
    facts: errors.ErrorFacts,
): errors.AlpaClientError {
    const { status, headers, text } = answer;
    const what = `${call.url} answered ${status}${said}`;
    const fromEdge = headers.has("cf-ray") && value === undefined;
    // Does not check for the header cf-ray, because a proxy may remove it and keep the edge's text.
    const number = status === 403 ? EDGE_ERROR.exec(text)?.[1] : undefined;
    if (number !== undefined) return new errors.NotAllowedError(what, adviceOnRule(number), facts);
    if (status === 401 || (status === 403 && call.auth === undefined)) return notLetIn(what, call, headers, facts);
    if (status === 403)
        return new errors.NotAllowedError(what, adviceOn403(fromEdge ? "edge" : "gateway", call.auth), facts);
    if (status === 429) {
        const { retryAfterSeconds: wait } = facts;
        const when = wait === undefined ? "Wait" : `Wait ${wait} s`;
        return new errors.RateLimitedError(what, `${when}, then send fewer requests at a time.`, facts);
    }
    if ([504, 524].includes(status))
        return new errors.AnswerTimeoutError(
            what,
            "Ask for fewer tokens. The model may still be working on this request: a repeat adds a second request.",
            facts,
        );
    const own = value?.type === "error" && typeof value.stacktrace === "string" && value.stacktrace !== "";
    if (own && (status === 400 || status === 500)) return alpaError(value, said, call, facts);
    if (status >= 500)
        return new errors.ModelUnreachableError(
            what,
            "The gateway cannot reach the model: try later, and tell the operator if the error lasts.",
            facts,
        );
    const next =
        status === 404
            ? "Use exactly the address in the handout, without an added path."
            : status === 408
              ? "The gateway timed out before the request arrived completely. Check the network, then send the request again."
              : status === 413
                ? "Make the prompt shorter."
                : "Correct the request as the error says.";
    return new errors.RequestRefusedError(what, next, facts);
}

/** Errors for 401, and for 403 if no credential was sent. */
function notLetIn(what: string, { auth, apiKey }: Call, headers: Headers, facts: errors.ErrorFacts) {
    if (auth === undefined)
        return new errors.MissingCredentialError(
            `${what}, and no credential was sent`,
            apiKey
                ? "The gateway does not read the option apiKey, because it is sent in the body. Use auth instead."
                : "Give auth: an ApiKey, a Jwt or a ServiceToken.",
            facts,
        );
    const end = auth.expiry();
    const theirs = dateOf(headers);
    if (end !== undefined && end.getTime() <= (theirs?.getTime() ?? Date.now()))
        return new errors.ExpiredCredentialError(
            `${what}: the token expired at ${end.toISOString()}`,
            "Create a new token. To let the client renew tokens, give it the secret or private key that signs them.",
            facts,
        );
    return new errors.InvalidCredentialError(what, adviceOn(auth, theirs), facts);
}

function redirected({ status, headers }: Answer, { url, auth, redact }: Call, facts: errors.ErrorFacts) {
    const to = target(headers.get("location"), url);
    // The path is left out, since it may repeat the credential or the prompt.
    const where = to === undefined ? "nowhere" : redact(to.origin);
    const what = `${url} answered ${status}, a redirect to ${where}`;
    const login =
        to !== undefined &&
        (to.hostname.endsWith(".cloudflareaccess.com") || to.pathname.startsWith("/cdn-cgi/access/"));
    if (!login) {
        const secure = to?.protocol === "https:" && url.startsWith("http:");
        return new errors.RedirectError(
            what,
            `The client did not follow the redirect, because it would send the credential and the prompt to that address. ${secure ? "Use https in the address." : "Use the address from the handout."}`,
            facts,
        );
    }
    if (auth === undefined)
        return new errors.MissingCredentialError(
            `${what} (the login page of the edge), and no credential was sent`,
            "Give auth: the edge requires a ServiceToken.",
            facts,
        );
    if (auth.method === "service-token")
        return new errors.InvalidCredentialError(
            `${what} (the login page of the edge): the edge rejects the service token`,
            adviceOn(auth, undefined),
            facts,
        );
    return new errors.EdgeLoginError(
        `${what} (the login page of the edge)`,
        "The edge requires a service token before a request reaches the gateway: ask the operator for one.",
        facts,
    );
}

function alpaError(value: Record<string, unknown>, said: string, { url, redact }: Call, facts: errors.ErrorFacts) {
    const stacktrace = typeof value.stacktrace === "string" ? redact(value.stacktrace) : "";
    return new errors.AlpaError(`Alpa at ${url} failed${said}`, adviceOnAlpa(said), stacktrace, facts);
}

function parse(text: string): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(text);
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

function target(location: string | null, base: string): URL | undefined {
    try {
        return location === null ? undefined : new URL(location, base);
    } catch {
        return undefined;
    }
}

/** Request id of the gateway, otherwise of the edge. A value that does not look like an id is ignored. */
function requestId(headers: Headers, redact: (text: string) => string): string | undefined {
    const text = headers.get("x-request-id") ?? headers.get("cf-ray") ?? "";
    return /^[\w.:-]{1,64}$/.test(text) ? redact(text) : undefined;
}

export function dateOf(headers: Headers): Date | undefined {
    const date = new Date(headers.get("date") ?? "");
    return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Seconds to wait, rounded up: from Retry-After, otherwise (for 429) from the gateway's X-RateLimit-Reset. */
function retryAfter(status: number, headers: Headers): number | undefined {
    const text = headers.get("retry-after") ?? (status === 429 ? headers.get("x-ratelimit-reset") : null) ?? "";
    if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text));
    const day = /^[A-Z][a-z]{2}, /.test(text) ? new Date(text).getTime() : NaN;
    return Number.isNaN(day) ? undefined : Math.max(0, Math.ceil((day - Date.now()) / 1000));
}
