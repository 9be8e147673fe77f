/** Restores what Node's parser removes from request heads: in nginx, a tab next to a header's value is part of the value. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** Number of bytes kept for each connection: more than nginx accepts in a head. */
const LONGEST = 64 * 1024;
const recent = new WeakMap<Socket, string>();

/** Keeps the latest bytes of a connection. The listener runs before Node's parser gets them. */
export function followHeads(socket: Socket): void {
    socket.prependListener("data", (chunk: Buffer) =>
        recent.set(socket, ((recent.get(socket) ?? "") + chunk.toString("latin1")).slice(-LONGEST)),
    );
}

export function restoreTabs({ socket, rawHeaders }: IncomingMessage): void {
    const lines = (recent.get(socket) ?? "").split(/\r?\n/).filter((line) => line.includes("\t"));
    recent.delete(socket);
    for (const line of lines) {
        const [name, ...rest] = line.split(":");
        const value = rest.join(":").replace(/^ +| +$/g, "");
        for (let i = 0; i + 1 < rawHeaders.length; i += 2)
            if (rawHeaders[i] === name && rawHeaders[i + 1] === value.trim()) rawHeaders[i + 1] = value;
    }
}
