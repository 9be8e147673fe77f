/** Body of a test request for a completion of a few tokens. */
export const SAMPLE_COMPLETION = '{"model":"default","prompt":"Paris is","max_tokens":8}';

const SHORT = { model: "default", prompt: "Paris is" };

/** A short and cheap request to each path, and how to recognize Alpa's answer. */
export const ALPA_SAMPLES = {
    completions: {
        path: "completions",
        body: { ...SHORT, max_tokens: 1 },
        isAnswer: ({ choices }: Record<string, unknown>) =>
            Array.isArray(choices) && choices.every((choice) => typeof choice?.text === "string"),
    },
    logprobs: {
        path: "logprobs",
        body: { ...SHORT, top_k: 1 },
        isAnswer: ({ cache_id, logprobs, indices }: Record<string, unknown>) =>
            typeof cache_id === "string" && Array.isArray(logprobs) && Array.isArray(indices),
    },
};

/**
 * A curl command for a completion, to paste into a shell. It passes the credential on standard input, since every user of
 * the machine can read command lines. It begins with a blank, so that a shell with `ignorespace`
 * in HISTCONTROL does not add it to the history.
 * @param headers headers with the credential; if empty, the request gets 401
 */
export function curlLine(url: string, headers: string[]): string {
    const ask = (more: string) =>
        `curl -sS ${url}/completions${more} -H 'Content-Type: application/json' -d '${SAMPLE_COMPLETION}'`;
    return headers.length === 0 ? ask("") : ` ${ask(" -H @-")} <<'END'\n${headers.join("\n")}\nEND`;
}
