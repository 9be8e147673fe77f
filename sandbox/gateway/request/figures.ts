/** What nginx knows of a request that is over: its status, its bytes and its times. */
import type { Socket } from "node:net";
import type { Context } from "./context";

export interface Figures {
    status: number;
    /** From its head to the end of its answer, in seconds. */
    requestSeconds: number;
    /** Of each try to get an answer of an upstream, its body included, in seconds. */
    upstreamSeconds: number[];
    /** Bytes of the request and of the answer, their heads included. */
    received: number;
    sent: number;
}

/** What nginx logs of a caller that left before its answer began. */
const CALLER_LEFT = 499;

const seconds = (milliseconds: number) => milliseconds / 1000;

export function figuresOf(ctx: Context): Figures {
    const now = performance.now();
    return {
        status: ctx.answer.headersSent ? ctx.status : CALLER_LEFT,
        requestSeconds: seconds(now - ctx.startedAt),
        upstreamSeconds: ctx.upstreamTries.map(({ start, end = now }) => seconds(end - start)),
        ...bytesSinceLast(ctx.request.socket),
    };
}

/** What of each connection belongs to requests that are over. */
const counted = new WeakMap<Socket, { read: number; written: number }>();

/** Of one request after another; of pipelined ones, what has come of the next is counted with the one before. */
export function bytesSinceLast(socket: Socket): Pick<Figures, "received" | "sent"> {
    const { read, written } = counted.get(socket) ?? { read: 0, written: 0 };
    counted.set(socket, { read: socket.bytesRead, written: socket.bytesWritten });
    return { received: socket.bytesRead - read, sent: socket.bytesWritten - written };
}
