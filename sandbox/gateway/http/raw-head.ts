/** Restores what Node's parser removes from request heads: in nginx, a tab next to a header's value is part of the value. */
import type { IncomingMessage } from "node:http";
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

    restoreTabs({ socket, rawHeaders }: IncomingMessage): void {
        const text = this.recent.get(socket) ?? "";
        this.recent.delete(socket);
        if (!text.includes("\t")) return;
        for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
            const [name, value] = [rawHeaders[i], rawHeaders[i + 1]].map((part) =>
                part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
            );
            const written = [...text.matchAll(new RegExp(`\n${name}:([ \t]*${value}[ \t]*)\r?\n`, "g"))].at(-1)?.[1];
            if (written !== undefined) rawHeaders[i + 1] = written.replace(/^ +| +$/g, "");
        }
    }
}
