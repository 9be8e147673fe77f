import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cloudflareService } from "../../../plugins/cloudflare/service";
import { type ProviderClient, providerClient } from "../provider-client";

interface Call {
    method: string;
    /** Path with the query. */
    path: string;
    body: any;
    headers: Record<string, string | string[] | undefined>;
}

export interface Answer {
    status?: number;
    /** A string is sent unchanged. */
    body?: unknown;
    headers?: Record<string, string>;
}

export const ACCOUNT = "a".repeat(32);
export const ZONE = "b".repeat(32);
export const TOKEN = "t".repeat(40);

export const urnOf = (type: string) =>
    `urn:pulumi:dev::proj::cloudflare:index/${type[0].toLowerCase()}${type.slice(1)}:${type}::res`;

export interface Api {
    provider: ProviderClient;
    /** Requests since the last call of `answer`. */
    calls: Call[];
    url: string;
    /** Sets the answers to the next requests, one for each request. After that, every request gets the last of them. */
    answer(...answers: Answer[]): void;
    close(): void;
}

export const result = (body: unknown): Answer => ({ body: { success: true, errors: [], messages: [], result: body } });

/** A server that records requests and gives the answers of the test, and the provider that calls it. */
export async function startApi(): Promise<Api> {
    const calls: Call[] = [];
    let answers: Answer[] = [];
    const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            const { method = "", url = "", headers } = request;
            calls.push({ method, path: url, body: text === "" ? undefined : JSON.parse(text), headers });
            const next = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 501 };
            response.writeHead(next.status ?? 200, { "content-type": "application/json", ...next.headers });
            response.end(typeof next.body === "string" ? next.body : JSON.stringify(next.body ?? {}));
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const provider = await providerClient(cloudflareService({ CLOUDFLARE_BASE_URL: "http://127.0.0.1:1" }), urnOf);
    await provider.configure({ apiToken: TOKEN, baseUrl: url });
    return {
        provider,
        calls,
        url,
        answer: (...next) => {
            calls.length = 0;
            answers = next;
        },
        close: () => {
            provider.close();
            server.closeAllConnections();
            server.close();
        },
    };
}
