/** All errors, as types: each message says what happened and what the caller can do about it. */

/** Facts about a failed call; each may be absent. */
export interface ErrorFacts {
    /** HTTP status of the answer. */
    status?: number | undefined;
    /** Id of the request in the logs of the gateway (X-Request-Id), otherwise of the edge (CF-Ray). */
    requestId?: string | undefined;
    /** Wait before the next attempt that the server asks for, in whole seconds. */
    retryAfterSeconds?: number | undefined;
    cause?: unknown;
}

/**
 * Base of every error of this library. Neither message nor fields contain a credential. They contain a prompt only where the
 * answer repeats it.
 */
export abstract class AlpaClientError extends Error {
    readonly status: number | undefined;
    readonly requestId: string | undefined;
    readonly retryAfterSeconds: number | undefined;

    /** @param what the problem: a sentence without its full stop @param nextStep the caller's next step: a sentence */
    constructor(
        what: string,
        readonly nextStep: string,
        facts: ErrorFacts = {},
    ) {
        super(`${what}. ${nextStep}`, facts.cause === undefined ? {} : { cause: facts.cause });
        this.name = new.target.name;
        this.status = facts.status;
        this.requestId = facts.requestId;
        this.retryAfterSeconds = facts.retryAfterSeconds;
    }
}

/** Invalid options of the client or of a call. Nothing was sent. */
export class ConfigurationError extends AlpaClientError {
    /** @param problems each in the form `where: what must hold (got). What to do.`; they contain no secret */
    constructor(readonly problems: string[]) {
        const list = problems.map((problem) => `\n  - ${problem}`).join("");
        super(
            `Nothing was sent because of ${problems.length} problem${problems.length === 1 ? "" : "s"}`,
            `Correct what is listed:${list}`,
        );
    }
}

/** The answer is 401, 403 or a redirect to the edge's login, and the client had no credential to send. */
export class MissingCredentialError extends AlpaClientError {}

/** The server rejects the credential: it is wrong, revoked or expired. */
export class InvalidCredentialError extends AlpaClientError {}

/** The token or the credential has expired. */
export class ExpiredCredentialError extends AlpaClientError {}

/** 403: the credential is known but not allowed here, or a rule of the edge blocks the request. */
export class NotAllowedError extends AlpaClientError {}

/** 429 after the last attempt; `retryAfterSeconds` says how long to wait. */
export class RateLimitedError extends AlpaClientError {}

/** The gateway or the edge answers (500, 502, 503, 520 and above) but does not reach the model. */
export class ModelUnreachableError extends AlpaClientError {}

/**
 * No complete answer in time. The time limit was the client's own, the gateway's (504) or the edge's (524). The model
 * may still be working.
 */
export class AnswerTimeoutError extends AlpaClientError {}

/**
 * A redirect to the edge's login page, because the edge requires another kind of credential. The client does not follow
 * it.
 */
export class EdgeLoginError extends AlpaClientError {}

/** Any other redirect. The client does not follow it, because the credential and the prompt would be sent along. */
export class RedirectError extends AlpaClientError {}

/** A success status without a valid result: HTML, an empty body, truncated JSON, or JSON of another shape. */
export class UnreadableAnswerError extends AlpaClientError {}

/** The connection failed or broke. */
export class ConnectionFailedError extends AlpaClientError {
    /** @param sent whether the server may have received a part of the request. If false, a repeat is safe. */
    constructor(
        what: string,
        nextStep: string,
        readonly sent: boolean,
        facts: ErrorFacts = {},
    ) {
        super(what, nextStep, facts);
    }
}

/** 400, 404, 413 or another rejection by the gateway: the request must be corrected. */
export class RequestRefusedError extends AlpaClientError {}

/** Alpa's own error. */
export class AlpaError extends AlpaClientError {
    /** @param stacktrace Alpa's Python stack trace, without the caller's secrets */
    constructor(
        what: string,
        nextStep: string,
        readonly stacktrace: string,
        facts: ErrorFacts = {},
    ) {
        super(what, nextStep, facts);
    }
}
