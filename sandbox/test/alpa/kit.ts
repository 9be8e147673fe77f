import http from "node:http";

import type { Alpa, AlpaOptions } from "../../alpa/server";
import { startAlpa } from "../../alpa/server";

export interface Answer {
    status: number;
    /** Headers as sent, with names in lower case. */
    headers: Record<string, string>;
    text: string;
    json: any;
}

export interface Ask {
    method?: string;
    path?: string;
    headers?: Record<string, string>;
    /** An object is sent as JSON. A string or bytes are sent unchanged. */
    body?: unknown;
}

/** Sends a request on a new connection. Rejects if the service closes the connection without an answer. */
export function ask(
    port: number,
    { method = "POST", path = "/completions", headers = {}, body }: Ask,
): Promise<Answer> {
    const bytes =
        body === undefined || body === null
            ? undefined
            : Buffer.isBuffer(body) || typeof body === "string"
              ? Buffer.from(body as string)
              : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
        const sent = bytes ? { "Content-Length": String(bytes.length), ...headers } : headers;
        const request = http.request(
            { port, host: "127.0.0.1", method, path, headers: sent, agent: false },
            (response) => {
                const chunks: Buffer[] = [];
                response.on("data", (chunk: Buffer) => chunks.push(chunk));
                response.on("end", () => {
                    const text = Buffer.concat(chunks).toString("utf8");
                    const found: Record<string, string> = {};
                    for (let i = 0; i < response.rawHeaders.length; i += 2) {
                        found[response.rawHeaders[i].toLowerCase()] = response.rawHeaders[i + 1];
                    }
                    const isJson = found["content-type"] === "application/json" && text !== "";
                    resolve({
                        status: response.statusCode as number,
                        headers: found,
                        text,
                        json: isJson ? JSON.parse(text) : undefined,
                    });
                });
            },
        );
        request.on("error", reject);
        request.end(bytes);
    });
}

/** Starts a service, runs `use` on it, and closes it. By default, its batches do not wait for more requests. */
export async function withAlpa<T>(options: Partial<AlpaOptions>, use: (alpa: Alpa) => Promise<T>): Promise<T> {
    const alpa = await startAlpa({ port: 0, batchWindow: async () => {}, ...options });
    try {
        return await use(alpa);
    } finally {
        await alpa.close();
    }
}

export const good = { model: "default", prompt: "Paris is", max_tokens: 8 };
