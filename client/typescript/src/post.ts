/** Sends a call, and repeats it only if a repeat cannot start a second generation. */
import { setTimeout as pause } from "node:timers/promises";
import { dateOf, readAnswer, type Call } from "./answer.js";
import { ConnectionFailedError, ModelUnreachableError, RateLimitedError } from "./errors.js";
import { checkNumber, refuse, type Problems } from "./problems.js";
import { without } from "./secrecy.js";
import { send, type Answer } from "./send.js";
import { A_TIME, type Settings } from "./settings.js";

export interface CallOptions {
    /** Name under which the model is registered. @default defaultModel of the client */
    model?: string | undefined;
    /** Aborts the call, which then fails with the signal's reason. The model may still be working. */
    signal?: AbortSignal | undefined;
    /** Longest time for this answer, in seconds. @default the client's */
    answerTimeoutSeconds?: number | undefined;
}

/** Wait after the first failed connection, in seconds; doubles with each further one. */
const FIRST_WAIT_SECONDS = 0.5;

/**
 * Repeats only requests that did not reach the model: those answered with 429 or with 503 and Retry-After, and those
 * for which no connection was opened.
 * @param isResult whether a value is a result of the method
 */
export async function post(
    settings: Settings,
    method: "completions" | "logprobs",
    body: object,
    options: CallOptions,
    isResult: Call["isResult"],
): Promise<Record<string, unknown>> {
    const { auth, apiKey, maxAttempts, maxWaitSeconds, fetch, onAnswer } = settings;
    const { signal, answerTimeoutSeconds: timeoutSeconds = settings.answerTimeoutSeconds } = options;
    const problems: Problems = [];
    checkNumber("answerTimeoutSeconds", timeoutSeconds, A_TIME, problems);
    refuse(problems);
    const redact = (text: string) => {
        const clean = auth?.redact(text) ?? text;
        return apiKey === null ? clean : without(clean, [apiKey]);
    };
    const url = `${settings.url}/${method}`;
    const call: Call = { url, auth, apiKey: apiKey !== null, isResult, redact };
    const request = { url, body: JSON.stringify(body), timeoutSeconds, signal, fetch, redact };
    let corrected = false;
    for (let attempt = 1; ; attempt++) {
        let failure: unknown;
        let again = false;
        try {
            const headers = (await auth?.headers()) ?? {};
            const answer = await send({ ...request, headers });
            tell(onAnswer, answer, redact);
            if (answer.status === 401 && auth !== undefined && !corrected)
                corrected = again = auth.refusedAt(dateOf(answer.headers), headers);
            return readAnswer(answer, call);
        } catch (error) {
            failure = error;
        }
        const wait = again ? 0 : waitBefore(failure, attempt);
        if (wait === undefined || wait > maxWaitSeconds || attempt >= maxAttempts) throw failure;
        await pause(wait * 1000, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
}

/** Calls the callback. The model may have worked on the answer for minutes, so an error of the callback must not lose it. */
function tell(
    onAnswer: Settings["onAnswer"],
    { status, headers, milliseconds }: Answer,
    redact: (text: string) => string,
): void {
    if (onAnswer === undefined) return;
    // The callback gets a copy of the headers, because the client still reads the original.
    const clean = new Headers([...headers].map(([name, value]): [string, string] => [name, redact(value)]));
    void (async () => onAnswer({ status, headers: clean, milliseconds }))().catch((error: unknown) =>
        process.emitWarning(`onAnswer failed: ${redact(String(error))}`, "OnAnswerWarning"),
    );
}

/** @returns seconds until the next attempt, or undefined if the request must not be repeated */
function waitBefore(error: unknown, attempt: number): number | undefined {
    if (error instanceof RateLimitedError) return error.retryAfterSeconds;
    // Without Retry-After a 503 does not say whether the model has begun.
    if (error instanceof ModelUnreachableError && error.status === 503) return error.retryAfterSeconds;
    if (!(error instanceof ConnectionFailedError) || error.sent) return undefined;
    return FIRST_WAIT_SECONDS * 2 ** (attempt - 1);
}
