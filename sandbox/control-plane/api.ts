/** Calls of the API server without a client library: readiness, and creating objects that may exist already. */
import { request } from "node:https";

export interface Api {
    server: string;
    caCert: string;
    credential: { cert: string; key: string };
}

interface Answer {
    status: number;
    body: string;
}

/**
 * Makes one call. An answer with an error status is returned like any other. @throws Error if there is no answer within
 * `seconds`
 */
export function call(
    api: Api,
    method: string,
    path: string,
    body?: object,
    options: { contentType?: string; seconds?: number } = {},
): Promise<Answer> {
    return new Promise((resolve, reject) => {
        const outgoing = request(
            api.server + path,
            {
                method,
                ca: api.caCert,
                cert: api.credential.cert,
                key: api.credential.key,
                headers: { "content-type": options.contentType ?? "application/json" },
                timeout: (options.seconds ?? 10) * 1000,
                // no keep-alive, because there are few calls, and because a kept connection would fail after a restart of
                // the server
                agent: false,
            },
            (incoming) => {
                let text = "";
                incoming.setEncoding("utf8");
                incoming.on("data", (chunk: string) => (text += chunk));
                incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: text }));
                incoming.on("error", reject);
            },
        );
        outgoing.on("timeout", () =>
            outgoing.destroy(new Error(`no answer from the API server within ${options.seconds ?? 10} s`)),
        );
        outgoing.on("error", reject);
        outgoing.end(body ? JSON.stringify(body) : undefined);
    });
}

/** Creates an object, unless an object of this name exists. */
export async function ensure(api: Api, collection: string, object: object): Promise<void> {
    const answer = await call(api, "POST", collection, object);
    if (answer.status === 201 || answer.status === 409) return;
    throw new Error(`POST ${collection}: HTTP ${answer.status} instead of 201: ${answer.body.slice(0, 500)}`);
}
