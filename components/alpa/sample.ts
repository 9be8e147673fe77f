/** Body of a completion of a few tokens, to try things out with. */
export const SAMPLE_COMPLETION = '{"model":"default","prompt":"Paris is","max_tokens":8}';

/**
 * A completion asked for as callers do, to paste into a shell. The credential goes through standard input, since a command line can
 * be read by everyone on the machine; the blank in front keeps it out of the history where HISTCONTROL has `ignorespace`.
 * @param headers with the credential; none: there is none, and the answer is a refusal
 */
export function curlLine(url: string, headers: string[]): string {
    const ask = (more: string) =>
        `curl -sS ${url}/completions${more} -H 'Content-Type: application/json' -d '${SAMPLE_COMPLETION}'`;
    return headers.length === 0 ? ask("") : ` ${ask(" -H @-")} <<'END'\n${headers.join("\n")}\nEND`;
}
