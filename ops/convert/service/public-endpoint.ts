/** Checks the answers that a caller gets at the public address. */
import { secretName } from "../../../components/consumers/consumer";
import type { Reader } from "../../../components/kubernetes/cluster-reader";
import { VERIFIER } from "../../../components/opt/conversion-phases";
import { SMOKE_CONSUMER } from "../../check/smoke";
import { errorMessage } from "../../errors";
import { apiKey, callService, credentialIn, type Answer, type Credential } from "../../service-call";
import type { Outputs } from "../../stack/stack";
import type { VerificationRoute } from "./answers";

/** A caller whose credential the stack has generated. */
interface EndpointCaller {
    /** `<consumer>/<credential>`. */
    who: string;
    auth: Credential;
}

/**
 * Credentials for the checks: first the credential of the test consumer, then one credential of each other consumer in the
 * outputs. Each check uses up one request of that consumer's limit. A credential without a Secret is left out: an operator
 * has blocked it, because it leaked.
 */
export async function endpointCallers(outputs: Outputs, namespace: string, read: Reader): Promise<EndpointCaller[]> {
    const all = [...Object.keys(outputs.credentials), ...Object.keys(outputs.jwtSecrets)];
    all.sort((a, b) => Number(b.startsWith(`${SMOKE_CONSUMER}/`)) - Number(a.startsWith(`${SMOKE_CONSUMER}/`)));
    const callers = new Map<string, EndpointCaller>();
    for (const who of all) {
        const [consumer, id] = who.split("/");
        if (callers.has(consumer) || (await isBlocked(read, namespace, secretName(consumer, id)))) continue;
        callers.set(consumer, { who, auth: credentialIn(outputs, namespace, who)! });
        if (callers.size === MOST_CALLERS) break;
    }
    return [...callers.values()];
}

/** Whether the Secret of a credential is deleted. False if the cluster cannot be read, so that the check still takes place. */
function isBlocked(read: Reader, namespace: string, name: string): Promise<boolean> {
    return read({ apiVersion: "v1", kind: "Secret", namespace, name }).then(
        (secret) => secret === undefined,
        () => false,
    );
}

export interface PublicEndpoint {
    url: string;
    /** Callers in order; the next one is tried if a caller is over its limit. Empty: only the verifier can be used. */
    callers: EndpointCaller[];
    /** The verifier's route, without callers' limits. Unset if the stack has none. */
    verification?: VerificationRoute;
    /** Longest time for one answer, in seconds. */
    timeoutSeconds: number;
    /** Longest time until all gateway pods have applied a change, in seconds. */
    patienceSeconds: number;
    signal?: AbortSignal;
}

/** Most callers that are tried. */
const MOST_CALLERS = 5;
const PROMPT = "Paris is";
const PAUSE_SECONDS = 0.5;
/** Required number of equal results in a row: a gateway's pods get a change one after another. */
const IN_A_ROW = 3;

/** Every caller was over its limit. The gateway itself answers 429, so the answers prove nothing about Alpa. */
class Limited extends Error {}

/**
 * Verifies that a caller, or the verifier if all callers are over their limits, gets an answer of Alpa.
 * @returns a sentence with the proof @throws with the actual answer
 */
export async function proveServed(endpoint: PublicEndpoint): Promise<string> {
    if (endpoint.callers.length === 0) return asVerifier(endpoint, "this machine has no caller's key that works");
    try {
        const { answer, who } = await askUntil(endpoint, 1, wrongAnswer, "throw");
        return `${who} got an answer from ${endpoint.url} after ${answer.milliseconds} ms`;
    } catch (error) {
        if (!(error instanceof Limited)) throw error;
        return asVerifier(
            endpoint,
            `callers are over their limits (429: ${endpoint.callers.map(({ who }) => who).join(", ")})`,
        );
    }
}

async function asVerifier({ verification, ...others }: PublicEndpoint, why: string): Promise<string> {
    if (verification === undefined) return `no answer was received: ${why}`;
    const { url, key } = verification;
    const verifier = { ...others, url, callers: [{ who: VERIFIER, auth: apiKey(key) }] };
    const { answer } = await askUntil(verifier, 1, wrongAnswer, "wait");
    return `${why}; ${VERIFIER} got an answer from ${url} after ${answer.milliseconds} ms`;
}

function wrongAnswer({ problem }: Answer): string {
    return problem === "" ? "" : failed(problem);
}

function failed(reason: unknown): string {
    return `request failed (${errorMessage(reason)})`;
}

/** Verifies that a caller gets 503 with Retry-After. @returns a sentence with the proof @throws with the actual answer */
export async function proveRefused(endpoint: PublicEndpoint): Promise<string> {
    const wrong = ({ status, retryAfter }: Answer) => {
        if (status !== 503) return `got ${status} instead of 503`;
        return retryAfter === undefined ? "got 503 without Retry-After" : "";
    };
    const { answer, who } = await askUntil(endpoint, IN_A_ROW, wrong, "wait");
    return `${who} got 503 at ${endpoint.url}, Retry-After ${answer.retryAfter}`;
}

/**
 * Repeats a request until its result is right several times in a row.
 * @param wrong the problem of an answer; empty if it is right
 * @param whenLimited whether to wait for the end of a limit's window, or to throw {@link Limited}
 */
async function askUntil(
    { url, callers, timeoutSeconds, patienceSeconds, signal }: PublicEndpoint,
    times: number,
    wrong: (answer: Answer) => string,
    whenLimited: "wait" | "throw",
): Promise<{ answer: Answer; who: string }> {
    const end = Date.now() + patienceSeconds * 1000;
    for (let right = 0, limited = 0; ;) {
        const { who, auth } = callers[limited % callers.length];
        const call = { url, method: "completions", prompt: PROMPT, options: { max_tokens: 1 } } as const;
        const answer = await callService({ ...call, credential: auth, timeoutSeconds, signal }).catch(failed);
        signal?.throwIfAborted();
        const problem = typeof answer === "string" ? answer : wrong(answer);
        if (typeof answer !== "string") {
            if (problem === "" && ++right === times) return { answer, who };
            if (answer.status === 429 && ++limited % callers.length !== 0) continue;
            if (answer.status === 429 && whenLimited === "throw") throw new Limited();
        }
        if (problem !== "") {
            right = 0;
            if (Date.now() >= end) throw new Error(`${who} at ${url}: ${problem}`);
        }
        await new Promise((resolve) => setTimeout(resolve, Math.min(PAUSE_SECONDS, patienceSeconds) * 1000));
    }
}
