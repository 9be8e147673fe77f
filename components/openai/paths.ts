import type { OpenaiPath } from "./settings";

/** Path prefix of the API: SDKs expect it in their base URL. */
export const OPENAI_PREFIX = "/v1";

/** A request with a query string, which the gateway rejects after authentication, whatever `paths` the stack opens. */
export const OPENAI_EVIDENCE = `${OPENAI_PREFIX}/models?evidence`;

/** Anchored expression for the paths that a tunnel forwards. The models have paths of their own. */
export function openaiTunnelPath(paths: OpenaiPath[]): string {
    return `^${OPENAI_PREFIX}/(${paths.map((path) => (path === "models" ? "models(/.+)?" : path)).join("|")})$`;
}

/** Like {@link openaiCurl}, for a list of the models, since a stack without a gateway does not know them. @param headers with the credential */
export function modelsCurl(url: string, headers: string[]): string {
    const line = `curl -sS ${url}/models`;
    return headers.length === 0 ? line : ` ${line} -H @- <<'END'\n${headers.join("\n")}\nEND`;
}

/**
 * A curl command for a chat, to paste into a shell. It passes the credential on standard input, and begins with a blank, for
 * the reasons of `curlLine` for Alpa.
 * @param key undefined if there is no key
 */
export function openaiCurl(url: string, model: string, key: string | undefined): string {
    const body = `{"model":"${model}","messages":[{"role":"user","content":"Paris is"}],"max_tokens":8}`;
    const ask = (more: string) =>
        `curl -sS ${url}/chat/completions${more} -H 'Content-Type: application/json' -d '${body}'`;
    return key === undefined ? ask("") : ` ${ask(" -H @-")} <<'END'\nAuthorization: Bearer ${key}\nEND`;
}
