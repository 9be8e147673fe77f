/**
 * An upstream that answers like Alpa's HTTP service and records each request. X-Debug-* headers in a request cause a
 * delay or a close without an answer.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { listen, type Listening } from "../../processes/listen";

interface Seen {
    method: string;
    path: string;
    /** Names in lower case, without the headers that this server obeys. */
    headers: Record<string, string>;
    body: Buffer;
}

export interface DebugUpstream extends Listening {
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

export async function startDebugUpstream(): Promise<DebugUpstream> {
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
