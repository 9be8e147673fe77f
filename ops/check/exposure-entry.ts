/** Checks that the entry point rejects requests without a credential, at one of its addresses. */
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import type { Sample } from "../../components/server-checks";

/** Longest wait for one answer, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * @param samples requests to the open paths
 * @param refused statuses that reject a request
 * @param end deadline of the whole check, in milliseconds since the epoch
 */
export function checkEntry(address: string, url: URL, samples: Sample[], refused: number[], end: number) {
    const checks = samples.map(async ({ path: below, body }) => {
        const path = `${url.pathname.replace(/\/$/, "")}/${below}`;
        const asked = { method: body ? "POST" : "GET", path, body: body && JSON.stringify(body) };
        const got = await answerTo(address, url, asked, Math.max(1, Math.min(ANSWER_MS, end - Date.now())));
        const ok = refused.map(String).includes(got);
        const meaning = ok ? "" : `callers may reach the server without a key (expected ${refused.join(" or ")})`;
        return { address, check: `${asked.method} ${path} without a credential`, got, ok, meaning };
    });
    return Promise.all(checks);
}

/** Status of one request without a credential, or why there is none. */
function answerTo(
    address: string,
    url: URL,
    { method, path, body = "" }: { method: string; path: string; body?: string },
    timeout: number,
): Promise<string> {
    return new Promise((resolve) => {
        const secure = url.protocol === "https:";
        const sent = (secure ? tlsRequest : plainRequest)({
            ...{ host: address, port: portOf(url), method, path, agent: false, timeout },
            headers: { Host: url.host, "Content-Type": "application/json", "Content-Length": body.length },
            // The request has no secret, so any certificate will do.
            ...(secure ? { servername: url.hostname, rejectUnauthorized: false } : {}),
        });
        sent.on("response", ({ statusCode }) => {
            resolve(`${statusCode}`);
            sent.destroy();
        });
        sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
        sent.on("error", ({ message }) => resolve(message));
        sent.end(body);
    });
}

export function portOf({ port, protocol }: URL): number {
    return Number(port || (protocol === "https:" ? 443 : 80));
}
