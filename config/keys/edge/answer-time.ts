import { DEFAULT_PROXY_TIMEOUT } from "./schema";

/** The keys on which the time of the longest answer depends. */
interface Answers {
    alpa?: { answerTimeoutSeconds?: number };
    openai?: { silenceSeconds?: number };
    proxyTimeoutSeconds?: number;
}

/**
 * Checks that the longest answer fits into the timeout of the edge: Alpa sends nothing before an answer is complete. The
 * problems show the arithmetic.
 */
export function answerTimeProblems({ alpa = {}, openai, proxyTimeoutSeconds }: Answers): string[] {
    const limit = proxyTimeoutSeconds ?? DEFAULT_PROXY_TIMEOUT;
    const { answerTimeoutSeconds: answer = openai?.silenceSeconds } = alpa;
    const problems: string[] = [];
    if (answer !== undefined && answer > limit)
        problems.push(
            `${openai ? "openai.silenceSeconds" : "alpa.answerTimeoutSeconds"}: must be at most ${limit}, after which the edge answers 524 (got ${answer}). Lower it, or raise proxyTimeoutSeconds, which needs plan enterprise.`,
        );
    return problems;
}
