/** Texts of errors: the server's message, and what to do. */
import type { Credential } from "./credential.js";
import type { Answer } from "./send.js";

/** Longest quote of a server's text, in characters. */
const LONGEST_QUOTE = 300;

/** Quotes the server's message, shortened to one line without secrets. */
export function saidBy(
    { text, headers }: Answer,
    value: Record<string, unknown> | undefined,
    redact: (text: string) => string,
): string {
    const plain =
        (headers.get("content-type") ?? "").startsWith("text/plain") && !text.includes("<") ? text : undefined;
    const message = [
        value?.message,
        value?.error_msg,
        (value?.error as { message?: unknown } | undefined)?.message,
        plain,
    ].find((one) => typeof one === "string" && one.trim() !== "") as string | undefined;
    if (message === undefined) return "";
    const clean = redact(message)
        .replace(/[\s\p{C}]+/gu, " ")
        .trim();
    return `: "${clean.length > LONGEST_QUOTE ? `${clean.slice(0, LONGEST_QUOTE)}…` : clean}"`;
}

export function described({ text, headers }: Answer): string {
    if (text.trim() === "") return "nothing";
    if (/^\s*</.test(text) || (headers.get("content-type") ?? "").includes("html")) return "HTML";
    return /^\s*[{[]/.test(text) ? "truncated or broken JSON" : "text";
}

/**
 * @param number code of the edge's error. 1003: the host is an IP address or a wrong name. Any other: a rule of the
 * edge.
 */
export function adviceOnRule(number: string): string {
    return number === "1003"
        ? "Use the service's host name in the address. Cloudflare rejects requests to an IP address or to another host name."
        : "A rule of the edge blocks this program with any credential. Give the operator the error code and the request id.";
}

/**
 * Unless Access is in strict mode, the edge's answer to a wrong service token is the same as to a valid service token
 * that no policy admits.
 */
export function adviceOn403(rejectedBy: "edge" | "gateway", auth: Credential | undefined): string {
    if (rejectedBy === "gateway")
        return "The credential is valid, but this address does not admit it. Ask the operator to admit it.";
    return auth?.method === "service-token"
        ? `${adviceOn(auth, undefined)} Possibly no Access policy admits the service token.`
        : "The edge requires a service token before a request reaches the gateway: ask the operator for one.";
}

export function adviceOn(auth: Credential, theirs: Date | undefined): string {
    const ask = "ask the operator whether the credential was revoked or has expired.";
    if (auth.method === "key") return `Compare the key with the handout, or ${ask}`;
    if (auth.method === "service-token") return `Compare both parts of the service token with the handout, or ${ask}`;
    const apart = theirs === undefined ? 0 : Math.round((theirs.getTime() - Date.now()) / 1000);
    const clock =
        Math.abs(apart) > 60
            ? ` This machine's clock is ${Math.abs(apart)} s ${apart > 0 ? "behind" : "ahead"}: set it.`
            : "";
    return `Compare the claim \`key\`, the algorithm, and the secret or private key with the handout, or ${ask} A token also needs the claim \`exp\`.${clock}`;
}

/** Alpa's assertions on temperature and topP have no message. Alpa also answers while the model is not loaded yet. */
export function adviceOnAlpa(said: string): string {
    if (said === "")
        return "Alpa gives no reason. Check the arguments: temperature must be at least 0, and topP from 0 to 1.";
    if (/Model '.*' is not registered|No replica of model/.test(said))
        return "Check the name of the model. After a start of Alpa, loading the model takes many minutes.";
    return "Correct the request as the error says.";
}
