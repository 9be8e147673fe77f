/** Status, bytes and times of a finished request, as nginx measures them. */
import type { Socket } from "node:net";
import type { Context } from "./context";

export interface Figures {
    status: number;
    /** Time from the request's head to the end of the answer, in seconds. */
    requestSeconds: number;
    /** Duration of the upstream request, including the body of the answer, in seconds. Unset if there was none. */
    upstreamSeconds?: number;
    /** Bytes of the request and of the answer, including heads. */
    received: number;
    sent: number;
}

/** nginx's status for a caller that disconnected before the answer. */
const CALLER_LEFT = 499;

export function figuresOf({ answer, status, startedAt, upstreamTime: upstream, request }: Context): Figures {
    const now = performance.now();
    return {
        status: answer.headersSent ? status : CALLER_LEFT,
        requestSeconds: (now - startedAt) / 1000,
        upstreamSeconds: upstream && ((upstream.end ?? now) - upstream.start) / 1000,
        ...bytesSinceLast(request.socket),
    };
}

/** Bytes of each connection that belong to finished requests. */
const counted = new WeakMap<Socket, { read: number; written: number }>();

/**
 * Bytes on a connection since its previous request ended. With pipelining, they include the received part of the next request.
 */
export function bytesSinceLast(socket: Socket): Pick<Figures, "received" | "sent"> {
    const { read, written } = counted.get(socket) ?? { read: 0, written: 0 };
    counted.set(socket, { read: socket.bytesRead, written: socket.bytesWritten });
    return { received: socket.bytesRead - read, sent: socket.bytesWritten - written };
}
