/** What a caller gets at the address that all callers use. */
import { ApiKey, Client, Jwt, type Credential, type Seen } from "../../client/typescript/src/index";
import { claimKey } from "../../components/parts/consumers";
import { SMOKE_CONSUMER } from "../check/smoke";
import type { Outputs } from "../stack/stack";

/** A caller whose credential the stack has generated. */
export interface Visitor {
    /** `<consumer>/<credential>`. */
    who: string;
    auth: Credential;
}

/**
 * Who asks: the consumer that is made for tests, else the first one that has a credential here. One request of its limit
 * is used up by each look.
 */
export function visitor({ credentials, jwtSecrets }: Outputs, namespace: string): Visitor | undefined {
    const all = [...Object.keys(credentials), ...Object.keys(jwtSecrets)];
    const who = all.find((one) => one.startsWith(`${SMOKE_CONSUMER}/`)) ?? all[0];
    if (who === undefined) return undefined;
    if (credentials[who] !== undefined) return { who, auth: new ApiKey(credentials[who]) };
    const [consumer, id] = who.split("/");
    return { who, auth: new Jwt({ key: claimKey(namespace, consumer, id), secret: jwtSecrets[who] }) };
}

export interface Door {
    url: string;
    visitor: Visitor;
    /** Longest time for one answer, in seconds. */
    timeoutSeconds: number;
    /** How long the gateway's pods may take to learn of a change, in seconds. */
    patienceSeconds: number;
    signal?: AbortSignal;
}

const PROMPT = "Paris is";
const PAUSE_SECONDS = 0.5;
/** In a row: a gateway may have several pods, which learn of a change one after the other. */
const IN_A_ROW = 3;

/** Sees that a caller is answered by Alpa. @returns a sentence; @throws with what came instead */
export async function proveServed(door: Door): Promise<string> {
    const { milliseconds } = await untilSo(door, 1, (seen, error) =>
        error === undefined ? undefined : `must be answered (${seen?.status ?? "no answer"}: ${wordsOf(error)})`,
    );
    return `${door.visitor.who} was answered at ${door.url} after ${milliseconds} ms`;
}

/** Sees that a caller is told to come again. @returns a sentence; @throws with what came instead */
export async function proveRefused(door: Door): Promise<string> {
    const { headers } = await untilSo(door, IN_A_ROW, (seen) => {
        if (seen?.status !== 503) return `must get 503 (got ${seen?.status ?? "no answer"})`;
        return seen.headers.has("retry-after")
            ? undefined
            : "must be told when to come again (503 without Retry-After)";
    });
    return `${door.visitor.who} got 503 at ${door.url}, Retry-After ${headers.get("retry-after")}`;
}

/** Asks until it is as it must be so many times in a row. */
async function untilSo(
    { url, visitor, timeoutSeconds, patienceSeconds, signal }: Door,
    times: number,
    wrong: (seen: Seen | undefined, error: unknown) => string | undefined,
): Promise<Seen> {
    const end = Date.now() + patienceSeconds * 1000;
    for (let right = 0; ;) {
        let seen: Seen | undefined;
        const client = new Client({
            url,
            auth: visitor.auth,
            allowHttp: url.startsWith("http:"),
            answerTimeoutSeconds: timeoutSeconds,
            maxAttempts: 1,
            onAnswer: (one) => (seen = one),
        });
        const error: unknown = await client.completions(PROMPT, { maxTokens: 1, signal }).then(
            () => undefined,
            (reason: unknown) => reason,
        );
        signal?.throwIfAborted();
        const problem = wrong(seen, error);
        if (problem === undefined && ++right === times) return seen!;
        if (problem !== undefined) {
            right = 0;
            if (Date.now() >= end) throw new Error(`${visitor.who} at ${url}: ${problem}`);
        }
        await new Promise((resolve) => setTimeout(resolve, Math.min(PAUSE_SECONDS, patienceSeconds) * 1000));
    }
}

function wordsOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
