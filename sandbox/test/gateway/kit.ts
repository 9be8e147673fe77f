/** A gateway with one upstream, which answers like Alpa's HTTP service and records each request. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import assert from "node:assert/strict";
import { listen, type Listening } from "../../processes/listen";
import { type Gateway, type GatewayOptions, startGateway } from "../../gateway/server";
import { type RawAnswer, rawRequest } from "./raw-client";

interface Seen {
    method: string;
    path: string;
    /** Names in lower case, without the headers that this server obeys. */
    headers: Record<string, string>;
    body: Buffer;
}

interface DebugUpstream extends Listening {
    seen: Seen[];
}

const GOOD = '{"id":"cmpl-fixed","object":"text_completion","created":0,"choices":[{"text":"ok"}]}';
const BAD = '{"type":"error","message":"bad request","stacktrace":"Traceback"}';

function acceptable(path: string, body: Buffer): boolean {
    if (!/completions|logprobs/.test(path)) return false;
    try {
        return (JSON.parse(body.toString()) as { model?: unknown }).model === "default";
    } catch {
        return false;
    }
}

async function startDebugUpstream(): Promise<DebugUpstream> {
    const seen: Seen[] = [];
    const server = createServer((request, answer) => void serve(seen, request, answer));
    return { ...(await listen(server)), seen };
}

async function serve(seen: Seen[], request: IncomingMessage, answer: ServerResponse): Promise<void> {
    request.on("error", () => undefined);
    answer.on("error", () => undefined);
    const chunks: Buffer[] = [];
    try {
        for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
        return;
    }
    const body = Buffer.concat(chunks);
    const headers: Record<string, string> = {};
    for (let i = 0; i + 1 < request.rawHeaders.length; i += 2)
        headers[request.rawHeaders[i].toLowerCase()] = request.rawHeaders[i + 1];
    const debug = (name: string) => {
        const value = headers[`x-debug-${name}`];
        delete headers[`x-debug-${name}`];
        return value;
    };
    const [delay, close] = ["delay", "close"].map(debug);
    const path = request.url ?? "/";
    seen.push({ method: request.method ?? "", path, headers, body });

    // Without `ref: false`, a long delay would keep the process alive after the tests.
    if (delay) await sleep(Number(delay) * 1000, undefined, { ref: false });
    if (close) return void request.socket.end();
    const good = acceptable(path, body);
    const text = good ? GOOD : BAD;
    answer.writeHead(good ? 200 : 400, { "Content-Type": "application/json", "Content-Length": text.length });
    answer.end(text);
}

const ADMIN_KEY = "test-admin-key";
export const VIEWER_KEY = "test-viewer-key";
/** A body that the debug upstream answers with 200. */
const GOOD_BODY = '{"model":"default","prompt":"hi"}';

type Json = Record<string, unknown>;

export class Kit {
    private constructor(
        readonly gateway: Gateway,
        readonly upstream: DebugUpstream,
        /** Log lines of the gateway. */
        readonly logged: string[],
    ) {}

    static async start(more: Partial<GatewayOptions> = {}): Promise<Kit> {
        const logged: string[] = [];
        const log = (line: string) => void logged.push(line);
        const options = { port: 0, adminPort: 0, adminKey: ADMIN_KEY, viewerKey: VIEWER_KEY, log, ...more };
        const [gateway, upstream] = await Promise.all([startGateway(options), startDebugUpstream()]);
        return new Kit(gateway, upstream, logged);
    }

    async stop(): Promise<void> {
        await Promise.all([this.gateway.close(), this.upstream.close()]);
    }

    /** Configuration of the upstream, with retries off. */
    get target(): Json {
        return { type: "roundrobin", nodes: { [`127.0.0.1:${this.upstream.port}`]: 1 }, retries: 0 };
    }

    /** @param key undefined: sends no key */
    async admin(method: string, path: string, body?: unknown, key: string | undefined = ADMIN_KEY) {
        const response = await fetch(`http://127.0.0.1:${this.gateway.adminPort}/apisix/admin${path}`, {
            method,
            headers: key === "" ? {} : { "X-API-KEY": key },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await response.text();
        return { status: response.status, body: text.startsWith("{") ? (JSON.parse(text) as Json) : { text } };
    }

    /** Writes an object; fails the test unless it was accepted. */
    async put(path: string, body: Json): Promise<void> {
        const result = await this.admin("PUT", path, body);
        assert.ok(result.status === 200 || result.status === 201, JSON.stringify(result));
    }

    async send(
        path: string,
        headers: Record<string, string> = {},
        options: { method?: string; body?: string; host?: string } = {},
    ): Promise<RawAnswer & { text: string }> {
        const { method = "POST", host = "api.example.org" } = options;
        const body = options.body ?? (method === "GET" ? undefined : GOOD_BODY);
        const bytes = body === undefined ? undefined : Buffer.from(body);
        const answer = await rawRequest(this.gateway.port, {
            method,
            path,
            headers: [
                ["Host", host],
                ["Connection", "close"],
                ...(bytes ? ([["Content-Length", String(bytes.length)]] as [string, string][]) : []),
                ...Object.entries(headers),
            ],
            body: bytes,
        });
        return { ...answer, text: answer.body.toString() };
    }
}

export function header(answer: RawAnswer, name: string): string | undefined {
    return answer.headers.find(([n]) => n.toLowerCase() === name.toLowerCase())?.[1];
}
