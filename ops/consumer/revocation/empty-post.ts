import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

const LIMIT_SECONDS = 10;

/**
 * Returns the status of an empty POST, or the reason why there was no answer. Never quotes the request or follows a redirect.
 * @param connectTo address to connect to instead of the host of an https URL; the header Host keeps the URL's host
 */
export function postStatus(url: string, headers: Record<string, string>, connectTo?: string): Promise<string> {
    const named = new URL(url);
    const elsewhere = named.protocol === "https:" ? connectTo : undefined;
    const target = new URL(named.pathname + named.search, elsewhere ?? named.origin);
    const request = target.protocol === "https:" ? requestHttps : requestHttp;
    return new Promise((resolve) => {
        const signal = AbortSignal.timeout(LIMIT_SECONDS * 1000);
        const sent = request(target, {
            method: "POST",
            headers: { ...headers, Host: named.host, "Content-Length": "0" },
            // Each request opens a new connection: requests on one connection would all reach the same pod.
            agent: false,
            signal,
        });
        sent.once("response", (answer) => {
            answer.destroy();
            resolve(String(answer.statusCode));
        });
        sent.once("error", (error: NodeJS.ErrnoException) =>
            resolve(`no answer: ${signal.aborted ? "timeout" : (error.code ?? error.name)}`),
        );
        sent.end();
    });
}
