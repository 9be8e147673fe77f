/** Texts of errors: the server's message, and what to do. */
import type { Credential } from "./credential.js";
import type { Answer } from "./send.js";

/** Longest quote of a server's text, in characters. */
const LONGEST_QUOTE = 300;

/** A server's own message in quotes: shortened, on one line, and without the caller's secrets. */
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

/** @param number the edge's error: 1003 means an IP address or a wrong host name, any other number a rule of the edge */
export function adviceOnRule(number: string): string {
    return number === "1003"
        ? "Use the service's host name in the address. Cloudflare rejects requests to an IP address or to another host name."
        : "A rule of the edge blocks this program, whatever its credential is: give the operator the number and the request id.";
}

/**
 * Unless Access is in strict mode, the edge gives the same answer to a wrong service token and to a valid one that no
 * policy admits.
 */
export function adviceOn403(rejectedBy: "edge" | "gateway", auth: Credential | undefined): string {
    if (rejectedBy === "gateway")
        return "The credential is known, but not admitted here: ask the operator to admit you.";
    return auth?.method === "service-token"
        ? `${adviceOn(auth, undefined)} It is also possible that no policy admits the credential.`
        : "The edge requires a service token before a request reaches the gateway: ask the operator for one.";
}

export function adviceOn(auth: Credential, theirs: Date | undefined): string {
    const ask = "ask the operator whether it was revoked or has expired.";
    if (auth.method === "key") return `Compare the key with the handout, or ${ask}`;
    if (auth.method === "service-token") return `Compare both parts with the handout, or ${ask}`;
    const apart = theirs === undefined ? 0 : Math.round((theirs.getTime() - Date.now()) / 1000);
    const clock =
        Math.abs(apart) > 60
            ? ` This machine's clock is ${Math.abs(apart)} s ${apart > 0 ? "behind" : "ahead"}: set it.`
            : "";
    return `Compare the claim \`key\`, the algorithm, and the secret or private key with the handout, or ${ask} A token also needs the claim \`exp\`.${clock}`;
}

/** Alpa checks temperature and topP with assertions without a message, and opens its port before the model is loaded. */
export function adviceOnAlpa(said: string): string {
    if (said === "")
        return "Alpa gives no reason. Check the arguments: temperature must be at least 0, and topP from 0 to 1.";
    if (/Model '.*' is not registered|No replica of model/.test(said))
        return "Check the name of the model. After a start of Alpa, loading the model takes many minutes.";
    return "Correct the request as the error says.";
}
