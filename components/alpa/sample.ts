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
 * A curl command to paste into a shell. It passes the credential on standard input, since every user of the machine can read
 * command lines. It begins with a blank, so that a shell with `ignorespace` in HISTCONTROL does not add it to the history.
 * @param headers headers with the credential; if empty, the request gets 401
 * @param body JSON. Default: the request is a GET
 */
export function curlOf(url: string, headers: string[], body?: string): string {
    const sent = body === undefined ? "" : ` -H 'Content-Type: application/json' -d '${body}'`;
    if (headers.length === 0) return `curl -sS ${url}${sent}`;
    return ` curl -sS ${url} -H @-${sent} <<'END'\n${headers.join("\n")}\nEND`;
}

/** A curl command for a completion. */
export const curlLine = (url: string, headers: string[]) => curlOf(`${url}/completions`, headers, SAMPLE_COMPLETION);
