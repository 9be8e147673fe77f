/** What can go wrong, as types: each says what happened and what the caller can do about it. */

/** What is known of a failed call; all of it may be absent. */
export interface ErrorFacts {
    /** HTTP status of the answer. */
    status?: number | undefined;
    /** Id of the request in the logs of the gateway (X-Request-Id), else of the edge (CF-Ray). */
    requestId?: string | undefined;
    /** How long to wait before the next try, in whole seconds, as the server says. */
    retryAfterSeconds?: number | undefined;
    cause?: unknown;
}

/** Every error of this library. Neither message nor fields hold a credential; a prompt only where the answer repeats it. */
export abstract class AlpaClientError extends Error {
    readonly status: number | undefined;
    readonly requestId: string | undefined;
    readonly retryAfterSeconds: number | undefined;

    /**
     * @param what what happened: a sentence without its full stop
     * @param nextStep what the caller can do about it: a sentence
     */
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

/** Invalid options for creating the client or for a call. Nothing was sent. */
export class ConfigurationError extends AlpaClientError {
    /** @param problems each `where: what must hold (got). What to do.`; never with a secret */
    constructor(readonly problems: string[]) {
        const list = problems.map((problem) => `\n  - ${problem}`).join("");
        super(`${problems.length} problem(s), nothing was sent`, `Correct what is listed:${list}`);
    }
}

/** 401, 403 or the edge's login, and no credential was sent. */
export class MissingCredentialError extends AlpaClientError {}

/** The credential that was sent is not accepted: wrong, revoked or expired. */
export class InvalidCredentialError extends AlpaClientError {}

/** The token or the credential has expired. */
export class ExpiredCredentialError extends AlpaClientError {}

/** 403: the credential is known but not allowed here, or a rule of the edge blocks the request. */
export class NotAllowedError extends AlpaClientError {}

/** 429 after the last attempt; `retryAfterSeconds` says how long to wait. */
export class RateLimitedError extends AlpaClientError {}

/** 500, 502, 503 or an error of the edge from 520 on: the gateway does not reach the model. */
export class ModelUnreachableError extends AlpaClientError {}

/** No complete answer in time: here, at the gateway (504) or at the edge (524). The model may go on working. */
export class AnswerTimeoutError extends AlpaClientError {}

/** A redirect to the edge's login page, where a credential of another kind was sent. Not followed. */
export class EdgeLoginError extends AlpaClientError {}

/** Any other redirect. Not followed: the credential and the prompt would go along. */
export class RedirectError extends AlpaClientError {}

/** A status of success without a valid result: HTML, an empty body, truncated JSON, or JSON of another form. */
export class UnreadableAnswerError extends AlpaClientError {}

/** No connection, or one that broke. */
export class ConnectionFailedError extends AlpaClientError {
    /** @param sent false: nothing reached the server, so that a repeat cannot start a second generation */
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
    /** @param stacktrace of Alpa's Python, as it sent it */
    constructor(
        what: string,
        nextStep: string,
        readonly stacktrace: string,
        facts: ErrorFacts = {},
    ) {
        super(what, nextStep, facts);
    }
}
