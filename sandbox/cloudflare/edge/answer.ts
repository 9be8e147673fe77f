/** How the edge signs and sends its answers. */
import { randomBytes } from "node:crypto";
import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { unsupported } from "./pages";
import type { EdgeAnswer, HeaderList } from "./types";

/** Where the edge is: part of each ray. */
const COLO = "AUH";

export const newRay = (): string => `${randomBytes(8).toString("hex")}-${COLO}`;

/** On what came from the origin; its own `Server` is replaced. */
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

/** Node hands out the bare socket for these. */
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
