/** Sends one request, and returns its answer or an error. */
import { patient } from "./dispatcher.js";
import { AnswerTimeoutError, ConnectionFailedError, UnreadableAnswerError } from "./errors.js";
import { version } from "./version.js";

/** Largest answer, in bytes. logprobs of four prompts with the largest top_k of 100,000 are about 20 MB. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export interface Request {
    url: string;
    headers: Record<string, string>;
    body: string;
    timeoutSeconds: number;
    signal: AbortSignal | undefined;
    fetch: typeof globalThis.fetch | undefined;
    /** Removes secrets from a text. */
    redact(text: string): string;
}

export interface Answer {
    status: number;
    headers: Headers;
    text: string;
    milliseconds: number;
}

/**
 * Sends the request once. A redirect is returned like any other answer: following it would send the credential and the prompt
 * along.
 * @throws AnswerTimeoutError, ConnectionFailedError, or the reason of the caller's signal
 */
export async function send(request: Request): Promise<Answer> {
    const { url, headers, body, signal } = request;
    signal?.throwIfAborted();
    const ours = new AbortController();
    const limit = setTimeout(() => ours.abort(), request.timeoutSeconds * 1000);
    // Not AbortSignal.any: its result can be garbage-collected before it fires.
    const pass = () => ours.abort();
    signal?.addEventListener("abort", pass, { once: true });
    const begin = performance.now();
    const way = request.fetch === undefined ? patient() : undefined;
    try {
        const response = await (request.fetch ?? fetch)(url, {
            method: "POST",
            headers: {
                Accept: "application/json",
                "Content-Type": "application/json",
                "User-Agent": `alpa-auth-client/${version} (typescript)`,
                // No compression, so that a truncated answer is detected.
                "Accept-Encoding": "identity",
                ...headers,
            },
            body,
            redirect: "manual",
            signal: ours.signal,
            ...(way === undefined ? {} : ({ dispatcher: way.dispatcher } as object)),
        });
        const text = await read(response, url);
        const clean = new Headers(response.headers);
        clean.delete("set-cookie");
        return { status: response.status, headers: clean, text, milliseconds: Math.round(performance.now() - begin) };
    } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof UnreadableAnswerError) throw error;
        throw failure(error, { timedOut: ours.signal.aborted, began: way?.began() }, request);
    } finally {
        clearTimeout(limit);
        signal?.removeEventListener("abort", pass);
        way?.end();
    }
}

async function read({ body, status }: Response, url: string): Promise<string> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
        parts.push(part);
        size += part.byteLength;
        if (size > MAX_ANSWER_BYTES)
            throw new UnreadableAnswerError(
                `${url} answered ${status} with more than ${MAX_ANSWER_BYTES} bytes`,
                "Check the address: another server may answer there.",
                { status },
            );
    }
    return Buffer.concat(parts).toString();
}

/**
 * Error codes that prove that nothing was sent. Used if the dispatcher does not report whether a connection was open.
 * After any other error, part of the request may have arrived.
 */
const NOTHING_SENT = new Set([
    "ECONNREFUSED",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EADDRNOTAVAIL",
    "ENOTFOUND",
    "EAI_AGAIN",
    "UND_ERR_CONNECT_TIMEOUT",
]);
const CERTIFICATE = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/;
/** Node's message for an interrupted TLS handshake. */
const BEFORE_TLS = /before secure TLS connection/;
/** Codes of Node's own timeouts, which apply if the client could not remove them. */
const ITS_OWN_LIMIT = ["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"];

interface Known {
    timedOut: boolean;
    /** Whether a connection was open; undefined if unknown. */
    began: boolean | undefined;
}

function failure(error: unknown, { timedOut, began }: Known, { url, timeoutSeconds, redact }: Request): Error {
    const { origin } = new URL(url);
    const { code, message, syscall } = causeOf(error);
    const after = timedOut
        ? `in ${timeoutSeconds} s`
        : "within the timeout of the dispatcher that this program has set for fetch";
    if (timedOut || ITS_OWN_LIMIT.includes(code))
        return new AnswerTimeoutError(
            `No complete answer from ${origin} ${after}`,
            "Ask for fewer tokens, or increase the timeout. The model may still be working on this request: a repeat adds a second request.",
        );
    const why = redact(code === "" ? message : `${code}: ${message}`)
        .trim()
        .slice(0, 200);
    if (CERTIFICATE.test(code))
        return new ConnectionFailedError(
            `The certificate of ${origin} is not trusted (${why})`,
            "Check the address. If the service uses your own certificate authority, set NODE_EXTRA_CA_CERTS to its certificate file.",
            false,
        );
    const sent = began ?? mayHaveArrived(code, message, syscall);
    return sent
        ? new ConnectionFailedError(
              `The connection to ${origin} broke before the answer was complete (${why})`,
              "The model may have begun, so the client did not repeat the request. Repeat it if a second generation does no harm.",
              true,
          )
        : new ConnectionFailedError(`No connection to ${origin} (${why})`, "Check the address and the network.", false);
}

function mayHaveArrived(code: string, message: string, syscall: string): boolean {
    // Nothing was sent if the connection or the TLS handshake failed. (The error of fetch's own connect timeout has no
    // syscall.) If the syscall is "read" or "write", the connection was open.
    const never = syscall === "connect" || (NOTHING_SENT.has(code) && ["", "getaddrinfo"].includes(syscall));
    return !never && !BEFORE_TLS.test(message);
}

/**
 * fetch itself only says "fetch failed". The details are in the cause of this error. If fetch tried several addresses,
 * they are in the first error of the cause.
 */
function causeOf(error: unknown): { code: string; message: string; syscall: string } {
    let found = error as { code?: string; message?: string; syscall?: string; cause?: unknown; errors?: unknown[] };
    for (let depth = 0; depth < 5; depth++) {
        const next = found.cause ?? found.errors?.[0];
        if (typeof next !== "object" || next === null) break;
        found = next;
    }
    return {
        code: String(found.code ?? ""),
        message: String(found.message ?? ""),
        syscall: String(found.syscall ?? ""),
    };
}
