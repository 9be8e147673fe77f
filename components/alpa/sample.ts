/** Body of a test request for a completion of a few tokens. */
export const SAMPLE_COMPLETION = '{"model":"default","prompt":"Paris is","max_tokens":8}';

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
