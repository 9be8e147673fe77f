import { DEFAULT_PROXY_TIMEOUT } from "./schema";
import { MOST_GRACE_SECONDS } from "../tunnel";

/** The keys on which the time of the longest answer depends. */
interface Answers {
    alpa?: { answerTimeoutSeconds?: number; tokensPerSecond?: number; maxTokens?: number };
    openai?: { silenceSeconds?: number };
    proxyTimeoutSeconds?: number;
    tunnel?: { graceSeconds?: number };
}

/** Longest time that Alpa waits for more prompts to fill a batch, in seconds. */
const BATCH_WAIT_SECONDS = 1;

/**
 * Checks that the longest answer fits into the timeout of the edge: Alpa sends nothing before an answer is complete. The
 * problems show the arithmetic.
 */
export function answerTimeProblems({ alpa = {}, openai, proxyTimeoutSeconds, tunnel }: Answers): string[] {
    const limit = proxyTimeoutSeconds ?? DEFAULT_PROXY_TIMEOUT;
    const { answerTimeoutSeconds: answer = openai?.silenceSeconds, tokensPerSecond: rate, maxTokens } = alpa;
    const graceSeconds = tunnel?.graceSeconds;
    const problems: string[] = [];
    if (answer !== undefined && answer > limit)
        problems.push(
            `${openai ? "openai.silenceSeconds" : "alpa.answerTimeoutSeconds"}: must be at most ${limit}, after which the edge answers 524 (got ${answer}). Lower it, or raise proxyTimeoutSeconds, which needs plan enterprise.`,
        );
    if (rate !== undefined && rate > 0 && maxTokens !== undefined) {
        const seconds = answerSeconds(maxTokens, rate);
        if (seconds > limit)
            problems.push(
                `alpa.maxTokens: must be at most ${Math.max(0, Math.floor((limit - BATCH_WAIT_SECONDS) * rate))}, since the edge waits ${limit} s (got ${maxTokens}, which take ${seconds} s at ${rate} tokens per second). ` +
                    "Lower it, and tell callers the new maximum. With plan enterprise you can raise proxyTimeoutSeconds instead.",
            );
    }
    const longest = answer ?? limit;
    const least = Math.min(longest, MOST_GRACE_SECONDS);
    if (graceSeconds !== undefined && graceSeconds < least)
        problems.push(
            `tunnel.graceSeconds: must be at least ${least}${longest > least ? "" : ", the longest answer"} (got ${graceSeconds}). Raise it, or an upgrade cuts answers off.`,
        );
    return problems;
}

/** Time of the longest answer, in whole seconds. */
function answerSeconds(tokens: number, tokensPerSecond: number): number {
    return Math.ceil(tokens / tokensPerSecond) + BATCH_WAIT_SECONDS;
}
