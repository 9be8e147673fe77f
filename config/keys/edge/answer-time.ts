import { at, type Problems } from "../../cross-check";
import { DEFAULT_PROXY_TIMEOUT } from "./schema";

/** The keys on which the time of the longest answer depends. */
interface Answers {
    alpa?: { answerTimeoutSeconds?: number };
    openai?: { silenceSeconds?: number };
    proxyTimeoutSeconds?: number;
}

/** Checks that the longest answer fits into the timeout of the edge: Alpa sends nothing before an answer is complete. */
export function* answerTimeProblems({
    alpa,
    openai,
    proxyTimeoutSeconds: limit = DEFAULT_PROXY_TIMEOUT,
}: Answers): Problems {
    const answer = alpa?.answerTimeoutSeconds ?? openai?.silenceSeconds;
    if (answer !== undefined && answer > limit)
        yield at(
            openai ? ["openai", "silenceSeconds"] : ["alpa", "answerTimeoutSeconds"],
            `must be at most ${limit}, after which the edge answers 524 (got ${answer}). Lower it, or raise proxyTimeoutSeconds, which needs plan enterprise.`,
        );
}
