/** A server of released files on 127.0.0.1 that can simulate network failures. */
import * as http from "node:http";
import type { AddressInfo } from "node:net";

/** Answers one request with a failure. `send` gives the answer of a healthy server. */
export type Treatment = (request: http.IncomingMessage, response: http.ServerResponse, send: () => void) => void;

export interface ReleaseServer {
    url: string;
    /** Files by path. */
    files: Record<string, Buffer | string>;
    /**
     * Failures by path: each simulates the failure of one request. After the last failure, requests are answered as usual.
     */
    treatments: Record<string, Treatment[]>;
    /** `path` or `path bytes=…` of each request. */
    seen: string[];
    close(): Promise<void>;
}

export async function startReleaseServer(): Promise<ReleaseServer> {
    const files: ReleaseServer["files"] = {};
    const treatments: ReleaseServer["treatments"] = {};
    const seen: string[] = [];
    const server = http.createServer((request, response) => {
        const path = request.url!;
        const range = request.headers.range;
        seen.push(range ? `${path} ${range}` : path);
        const send = () => sendFile(files[path], range, response);
        const treatment = treatments[path]?.shift();
        if (treatment) treatment(request, response, send);
        else send();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        files,
        treatments,
        seen,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
}

function sendFile(file: Buffer | string | undefined, range: string | undefined, response: http.ServerResponse): void {
    if (file === undefined) return void response.writeHead(404).end("Not Found");
    const content = Buffer.from(file);
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    if (from > 0 && from >= content.length) return void response.writeHead(416).end();
    const part = content.subarray(from);
    const headers = { "Content-Length": part.length };
    const span = { "Content-Range": `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? { ...headers, ...span } : headers).end(part);
}

/** Announces the whole file, sends a part of it, and then closes the connection or sends nothing more. */
export function sendPart(content: Buffer | string, bytes: number, then: "break" | "stall"): Treatment {
    return (_, response) => {
        response.writeHead(200, { "Content-Length": Buffer.byteLength(content) });
        response.write(Buffer.from(content).subarray(0, bytes), () => {
            if (then === "break") setImmediate(() => response.destroy());
        });
    };
}

export const answer =
    (status: number, headers: http.OutgoingHttpHeaders = {}): Treatment =>
    (_, response) =>
        void response.writeHead(status, headers).end(`${status}`);

/** Sends the whole file, whatever range was requested. */
export const ignoreRange =
    (content: Buffer | string): Treatment =>
    (_, response) =>
        void response.writeHead(200, { "Content-Length": Buffer.byteLength(content) }).end(content);
