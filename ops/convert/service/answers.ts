/**
 * Sends the same questions to bare metal and to the component, over the route that only the verifier may use.
 * Greedy answers of one model are always the same. But Alpa uses the temperature of the last request for its whole batch,
 * so an answer is used only if the service gave it twice in a row.
 */
import { apiKey, callService } from "../../service-call";

/** A question and its answer. It contains no secret. */
export interface Answer {
    method: "completions" | "logprobs";
    prompt: string;
    /** Text of a completion. */
    text?: string;
    /** For logprobs: the most likely tokens in order, and their log probabilities. */
    tokens?: number[];
    logprobs?: number[];
    milliseconds: number;
}

export interface VerificationRoute {
    url: string;
    key: string;
}

interface AskOptions {
    /** Longest time for one answer, in seconds. */
    timeoutSeconds: number;
    signal?: AbortSignal;
}

/** Prompts are short to save time, and of several kinds to detect a wrong model or broken weights. */
const PROMPTS = ["Paris is the capital of", "1, 2, 3, 4, 5,", "The opposite of cold is"];
const QUESTIONS = PROMPTS.flatMap((prompt) =>
    (["completions", "logprobs"] as const).map((method) => ({ method, prompt })),
);
const TOKENS = 12;
/** Largest number of attempts of a question that did not reach Alpa. */
const ATTEMPTS = 3;
const LIKELIEST = 5;
/** Largest number of tries of each question until two answers in a row are the same. */
const TRIES = 6;
/**
 * Logprobs of the same token in two runs of an fp16 model differ by less than this. Those of different tokens differ by much
 * more.
 */
const LOGPROB_TOLERANCE = 0.05;
/** Longest time of a new answer, as a multiple of the slowest recorded answer. */
const SLOWER = 2;
/**
 * Added to `SLOWER` times the slowest recorded answer. Alpa waits up to 1 s for more prompts of a batch, in each of the two
 * answers.
 */
const SLACK_MILLISECONDS = 2000;

/** The service answers, but its answer is wrong or differs from the expected answer. */
export class Different extends Error {}

/** Sends every question until it gets the same answer twice. @throws if the answers keep differing */
export async function recordAnswers(route: VerificationRoute, options: AskOptions): Promise<Answer[]> {
    const recorded: Answer[] = [];
    for (const question of QUESTIONS) {
        let last: Answer | undefined;
        let same: Answer | undefined;
        for (let i = 0; i < TRIES && same === undefined; i++) {
            const next = await ask(route, question, options);
            if (last !== undefined && difference(last, next) === undefined)
                same = { ...next, milliseconds: Math.max(last.milliseconds, next.milliseconds) };
            last = next;
        }
        if (same === undefined)
            throw new Error(
                `${question.method} of ${JSON.stringify(question.prompt)}: must get the same answer twice in a row (${TRIES} answers differ). Try again when there are fewer requests.`,
            );
        recorded.push(same);
    }
    return recorded;
}

/** Sends the questions again, and compares the answers. @returns a sentence with the result @throws Different */
export async function compareAnswers(
    route: VerificationRoute,
    recorded: Answer[],
    { anyLatency = false, ...options }: AskOptions & { anyLatency?: boolean },
): Promise<string> {
    // The first answer after a start is not counted, because it may take longer than all others.
    await ask(route, recorded[0], options);
    const problems: string[] = [];
    let slowest = 0;
    for (const old of recorded) {
        const now = await ask(route, old, options);
        const differs = difference(old, now);
        if (differs !== undefined) problems.push(`${old.method} of ${JSON.stringify(old.prompt)}: ${differs}`);
        slowest = Math.max(slowest, now.milliseconds);
    }
    const before = Math.max(...recorded.map(({ milliseconds }) => milliseconds));
    const bound = latencyBound(before);
    if (!anyLatency && slowest > bound)
        problems.push(
            `the slowest answer must take at most ${bound} ms (got ${slowest}; when recorded it took ${before})`,
        );
    if (problems.length > 0) throw new Different(`the answers differ from the recorded ones: ${problems.join("; ")}`);
    return `${recorded.length} answers as recorded, the slowest after ${slowest} ms (${before} ms when recorded)`;
}

/** Longest accepted time of a new answer. @param before the slowest recorded answer, in milliseconds */
export function latencyBound(before: number): number {
    return before * SLOWER + SLACK_MILLISECONDS;
}

/** Describes a relevant difference; undefined if there is none. */
export function difference(one: Answer, other: Answer): string | undefined {
    if (one.text !== other.text)
        return `the text is ${JSON.stringify(other.text)} instead of ${JSON.stringify(one.text)}`;
    const [a, b] = [one.logprobs ?? [], other.logprobs ?? []];
    if (one.tokens?.[0] !== other.tokens?.[0])
        return `the likeliest token is ${other.tokens?.[0]} instead of ${one.tokens?.[0]}`;
    if (a.length !== b.length || (a.length > 0 && !(Math.abs(a[0] - b[0]) <= LOGPROB_TOLERANCE)))
        return `its logprob is ${b[0]} instead of ${a[0]} (tolerance ${LOGPROB_TOLERANCE})`;
    return undefined;
}

async function ask(
    { url, key }: VerificationRoute,
    { method, prompt }: Pick<Answer, "method" | "prompt">,
    options: AskOptions,
): Promise<Answer> {
    const asked = method === "completions" ? { max_tokens: TOKENS, temperature: 0, echo: false } : { top_k: LIKELIEST };
    const call = { url, method, prompt, options: asked, credential: apiKey(key), attempts: ATTEMPTS };
    const { result, problem, milliseconds } = await callService({ ...call, ...options });
    if (result === undefined) throw new Error(`${url}/${method} ${problem}`);
    const { choices, indices, logprobs } = result;
    if (method === "completions") return { method, prompt, text: choices?.[0]?.text ?? "", milliseconds };
    return { method, prompt, tokens: indices?.at(-1) ?? [], logprobs: logprobs?.at(-1) ?? [], milliseconds };
}
