/** An HTTP/1.1 client that sends the given bytes and returns the received bytes unchanged. */
import { connect } from "node:net";

interface RawRequest {
    method: string;
    path: string;
    headers: [name: string, value: string][];
    body?: Buffer;
}

export interface RawAnswer {
    status: number;
    /** Headers in their order, with duplicates. */
    headers: [name: string, value: string][];
    body: Buffer;
    elapsedMs: number;
}

/** @param timeoutMs limit for the whole exchange */
export function rawRequest(port: number, request: RawRequest, timeoutMs = 30_000): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
        const started = Date.now();
        const socket = connect(port, "127.0.0.1");
        const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
        const chunks: Buffer[] = [];
        socket.on("connect", () => {
            const lines = [`${request.method} ${request.path} HTTP/1.1`];
            lines.push(...request.headers.map(([name, value]) => `${name}: ${value}`));
            socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
            if (request.body) socket.write(request.body);
        });
        socket.on("data", (chunk) => chunks.push(chunk));
        socket.on("error", (error) => {
            // If an answer was received before the error, the error is ignored.
            if (chunks.length === 0) reject(error);
        });
        socket.on("close", () => {
            clearTimeout(timer);
            try {
                resolve({ ...parseAnswer(Buffer.concat(chunks)), elapsedMs: Date.now() - started });
            } catch (error) {
                reject(error as Error);
            }
        });
    });
}

function parseAnswer(data: Buffer): Omit<RawAnswer, "elapsedMs"> {
    const end = data.indexOf("\r\n\r\n");
    if (end < 0) throw new Error(`no complete answer: ${JSON.stringify(data.toString("latin1").slice(0, 200))}`);
    const [line, ...fields] = data.subarray(0, end).toString("latin1").split("\r\n");
    const headers = fields.map((field): [string, string] => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon), field.slice(colon + 1).trim()];
    });
    const rest = data.subarray(end + 4);
    const chunked = headers.some(([n, v]) => n.toLowerCase() === "transfer-encoding" && v === "chunked");
    return { status: Number(line.split(" ")[1]), headers, body: chunked ? unchunk(rest) : rest };
}

function unchunk(data: Buffer): Buffer {
    const parts: Buffer[] = [];
    let at = 0;
    for (;;) {
        const end = data.indexOf("\r\n", at);
        if (end < 0) throw new Error("chunked answer without an end");
        const size = parseInt(data.subarray(at, end).toString("latin1"), 16);
        if (size === 0) return Buffer.concat(parts);
        parts.push(data.subarray(end + 2, end + 2 + size));
        at = end + 2 + size + 2;
    }
}
