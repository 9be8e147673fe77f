/** A gateway with one upstream. */
import assert from "node:assert/strict";
import { startGateway, type Gateway, type GatewayOptions } from "../../gateway/server";
import { startDebugUpstream, type DebugUpstream } from "./debug-upstream";
import { rawRequest, type RawAnswer } from "./raw-client";

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
