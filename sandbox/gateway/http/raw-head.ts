/**
 * Parses request heads as nginx does where Node's parser differs. In nginx, a tab next to a header's value is part of the
 * value, a method is any word of capital letters, "-" and "_", and a target may contain any byte.
 */
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Number of bytes kept for each connection. Node.js rejects request heads that are longer. */
const LONGEST = 1024 * 1024;

/** Keeps the latest bytes of each connection, to read the head of a request exactly as it was sent. */
export class RawHeads {
    private readonly recent = new WeakMap<Socket, string>();

    /** Keeps the bytes of a connection. The listener runs before Node's parser gets them. */
    follow(socket: Socket): void {
        socket.prependListener("data", (chunk: Buffer) => {
            const text = (this.recent.get(socket) ?? "") + chunk.toString("latin1");
            this.recent.set(socket, text.slice(-LONGEST));
        });
    }

    /** Restores the tabs that Node's parser has removed from both ends of header values. */
    restoreTabs({ socket, rawHeaders }: IncomingMessage): void {
        const text = this.recent.get(socket) ?? "";
        this.recent.delete(socket);
        if (!text.includes("\t")) return;
        for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
            const [name, value] = [rawHeaders[i], rawHeaders[i + 1]].map(escapeRegExp);
            const lines = [...text.matchAll(new RegExp(`\n${name}:([ \t]*${value}[ \t]*)\r?\n`, "g"))];
            const written = lines.at(-1)?.[1];
            if (written !== undefined) rawHeaders[i + 1] = written.replace(/^ +| +$/g, "");
        }
    }
}

/**
 * Parses a request whose method or target Node's parser rejects, but nginx accepts. The request body is not read. After the
 * answer, the connection is closed. Undefined if the head is incomplete, or if nginx rejects the request too.
 */
export function readRefused(
    packet: string,
    socket: Socket,
): { request: IncomingMessage; answer: ServerResponse } | undefined {
    const [, method, url, lines] =
        /^([A-Z_-]+) (\/[^ \r\n]*) HTTP\/1\.1\r\n((?:[^\r\n]*\r\n)*?)\r\n/.exec(packet) ?? [];
    if (lines === undefined) return undefined;
    const request = new IncomingMessage(socket);
    Object.assign(request, { method, url, httpVersion: "1.1", httpVersionMajor: 1, httpVersionMinor: 1 });
    for (const line of lines.split("\r\n").slice(0, -1)) {
        const [, name, value] = /^([^:\s]+):(.*)$/.exec(line) ?? [];
        if (name === undefined) return undefined;
        request.rawHeaders.push(name, value.replace(/^ +| +$/g, ""));
        request.headers[name.toLowerCase()] ??= value.trim();
    }
    request.push(null);
    const answer = new ServerResponse(request);
    answer.shouldKeepAlive = false;
    answer.assignSocket(socket);
    answer.once("finish", () => {
        answer.detachSocket(socket);
        socket.destroySoon();
    });
    return { request, answer };
}

function escapeRegExp(text: string): string {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
