/** Sends answers of the edge, and creates their common headers. */
import { randomBytes } from "node:crypto";
import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { unsupported } from "./pages";
import type { EdgeAnswer, HeaderList } from "./types";

/** Airport code of the edge's location, with which each ray id ends. */
const COLO = "AUH";

export const newRay = (): string => `${randomBytes(8).toString("hex")}-${COLO}`;

/** Headers that the edge adds to answers of the origin. `Server` replaces the origin's. */
export const signature = (ray: string): HeaderList => [
    ["Server", "cloudflare"],
    ["CF-RAY", ray],
    ["CF-Cache-Status", "DYNAMIC"],
];

export function send(answer: ServerResponse, reply: EdgeAnswer, ray: string): void {
    if (answer.destroyed) return;
    const body = Buffer.from(reply.body);
    const headers: HeaderList = [
        ["Content-Type", reply.type],
        ["Content-Length", String(body.length)],
        ["Cache-Control", "private, max-age=0, no-store, no-cache, must-revalidate"],
        ...(reply.headers ?? []),
        ["Server", "cloudflare"],
        ["CF-RAY", ray],
    ];
    answer.writeHead(reply.status, headers.flat());
    answer.end(body);
}

/** Answers an upgrade request with 501. It writes to the socket, because Node.js provides no response object for upgrades. */
export function refuseUpgrade(socket: Socket): void {
    const { status, type, body } = unsupported("WebSockets and other upgrades");
    const lines = [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        `Content-Type: ${type}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        "Connection: close",
    ];
    socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
