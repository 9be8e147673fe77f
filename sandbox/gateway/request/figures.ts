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

export function figuresOf({ answer, status, startedAt, upstreamTime: upstream, request }: Context): Figures {
    const now = performance.now();
    return {
        status: answer.headersSent ? status : 499, // the caller disconnected before the answer
        requestSeconds: (now - startedAt) / 1000,
        upstreamSeconds: upstream && ((upstream.end ?? now) - upstream.start) / 1000,
        ...bytesSinceLast(request.socket),
    };
}

/** Bytes of each connection that belong to finished requests. */
const counted = new WeakMap<Socket, { received: number; sent: number }>();

/**
 * Bytes on a connection since its previous request ended. With pipelining, they include the received part of the next request.
 */
export function bytesSinceLast(socket: Socket): { received: number; sent: number } {
    const { bytesRead: received, bytesWritten: sent } = socket;
    const before = counted.get(socket) ?? { received: 0, sent: 0 };
    counted.set(socket, { received, sent });
    return { received: received - before.received, sent: sent - before.sent };
}
