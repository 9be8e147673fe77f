/**
 * Forwards a request to the upstream, with the headers that nginx adds and removes, timeouts for connect, send and read, and
 * the retries of nginx's default proxy_next_upstream (error and timeout; a POST that was sent is never repeated).
 */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Context } from "../request/context";
import type { Picker } from "./balancer";
import type { Resolve } from "../counters/redis-connections";
import type { Node, Timeout, Upstream } from "../request/types";
import { announces, upstreamHeaders, upstreamPath } from "./upstream-request";

/** Timeouts in seconds: the defaults of APISIX. */
const DEFAULT_TIMEOUT: Timeout = { connect: 60, send: 60, read: 60 };
/** nginx retries a request of these methods only if none of its bytes were sent. */
const NOT_IDEMPOTENT = new Set(["POST", "LOCK", "PATCH"]);
/**
 * Idle time of a connection to an upstream, in milliseconds. nginx keeps connections idle for 60 s. The shorter time avoids the
 * reuse of a connection that the upstream has just closed, which would cause a 502.
 */
const IDLE_MS = 2000;
/** Bytes of a request body per write: each write restarts the send timeout. */
const SEND_PIECE = 64 * 1024;

export function createAgent(): Agent {
    return new Agent({ keepAlive: true, timeout: IDLE_MS, maxFreeSockets: 320, scheduling: "lifo" });
}

type ProxyResult = { response: IncomingMessage } | { failed: 502 | 504 };

class TryFailed extends Error {
    constructor(
        readonly status: 502 | 504,
        readonly sent: boolean,
    ) {
        super(`the request to an upstream node failed with status ${status}`);
    }
}

/** Thrown when the client has disconnected, so that no answer is written. */
export class ClientGone extends Error {}

interface ProxyParts {
    agent: Agent;
    /** Resolves names and addresses of the cluster. */
    resolve: Resolve;
}

export async function proxy(ctx: Context, upstream: Upstream, picker: Picker, parts: ProxyParts): Promise<ProxyResult> {
    const timeout = ctx.route?.timeout ?? upstream.timeout ?? DEFAULT_TIMEOUT;
    const retries = upstream.retries ?? upstream.nodes.length - 1;
    const deadline = upstream.retryTimeout > 0 ? Date.now() + upstream.retryTimeout * 1000 : Infinity;
    const tried = new Set<Node>();

    let node = picker.next(ctx, tried);
    if (!node) return { failed: 502 };
    const body = await ctx.readBody();
    for (let attempt = 0; ; attempt++) {
        ctx.node = node;
        tried.add(node);
        const times: (typeof ctx.upstreamTries)[number] = { start: performance.now() };
        ctx.upstreamTries.push(times);
        try {
            const response = await attemptOnce(ctx, upstream, node, timeout, body, parts);
            ctx.upstreamStatuses.push(String(response.statusCode));
            ctx.upstreamAnswered = true;
            response.once("close", () => (times.end = performance.now()));
            return { response };
        } catch (error) {
            times.end = performance.now();
            if (!(error instanceof TryFailed)) throw error;
            ctx.upstreamStatuses.push(String(error.status));
            const repeatable = !(error.sent && NOT_IDEMPOTENT.has(ctx.method));
            if (attempt >= retries || !repeatable || Date.now() > deadline) return { failed: error.status };
            node = picker.next(ctx, tried);
            if (!node) return { failed: 502 };
        }
    }
}

function attemptOnce(
    ctx: Context,
    upstream: Upstream,
    node: Node,
    timeout: Timeout,
    body: Buffer,
    parts: ProxyParts,
): Promise<IncomingMessage> {
    const address = addressOf(node, parts.resolve);
    if (!address) return Promise.reject(new TryFailed(502, false));
    return new Promise((resolve, reject) => {
        let sent = false;
        let settled = false;
        let timer: NodeJS.Timeout | undefined;

        const req: ClientRequest = httpRequest({
            agent: parts.agent,
            ...address,
            method: ctx.method,
            path: upstreamPath(ctx),
            headers: upstreamHeaders(ctx, upstream, node, body),
            setHost: false,
        });
        req.removeHeader("Connection"); // nginx sends no Connection header over HTTP/1.1
        if (!announces(ctx, body)) req.useChunkedEncodingByDefault = false;

        const fail = (error: Error) => {
            if (settled) return;
            settled = true;
            clearTimeout(timer);
            ctx.answer.off("close", gone);
            req.destroy();
            reject(error);
        };
        const arm = (seconds: number) => {
            clearTimeout(timer);
            timer = setTimeout(() => fail(new TryFailed(504, sent)), seconds * 1000);
        };
        const gone = () => fail(new ClientGone());

        ctx.answer.on("close", gone);
        req.on("error", () => fail(new TryFailed(502, sent)));
        req.on("socket", (socket: Socket) => {
            if (socket.connecting) {
                arm(timeout.connect);
                socket.once("connect", send);
            } else send();
        });
        const send = (): void => {
            sent = true;
            const ended = () => arm(timeout.read);
            sendPieces(req, body, { isOver: () => settled, sending: () => arm(timeout.send), ended });
        };
        req.on("response", (response) => {
            if (settled) return;
            settled = true;
            clearTimeout(timer);
            ctx.answer.off("close", gone);
            watchReads(response, timeout.read);
            resolve(response);
        });
    });
}

interface Sending {
    /** Whether the upstream request has ended, so that no further piece is sent. */
    isOver: () => boolean;
    /** Called before each piece is sent. */
    sending: () => void;
    ended: () => void;
}

/** Sends a body in pieces, each after the previous one was sent. */
function sendPieces(req: ClientRequest, body: Buffer, { isOver, sending, ended }: Sending): void {
    let at = 0;
    const piece = (): void => {
        if (isOver()) return;
        if (at >= body.length) {
            req.end(ended);
            return;
        }
        sending();
        const part = body.subarray(at, (at += SEND_PIECE));
        req.write(part, piece);
    };
    sending();
    piece();
}

/**
 * Address to connect to. For an upstream node in the cluster, it is the address of the node's emulator; undefined if no
 * emulator listens there. For a node outside of the cluster, it is the node's own address.
 */
function addressOf({ host, port }: Node, resolve: Resolve): { host: string; port: number } | undefined {
    const name = host.replace(/^\[|\]$/g, "");
    try {
        const emulated = resolve(name, port);
        return emulated === undefined ? { host: name, port } : { host: "127.0.0.1", port: emulated };
    } catch {
        return undefined;
    }
}

/** Aborts the answer if the upstream pauses for too long in the middle of it. */
function watchReads(response: IncomingMessage, seconds: number): void {
    const silent = () => {
        // A paused answer waits for a slow client, not for the upstream.
        if (response.isPaused()) timer = setTimeout(silent, seconds * 1000);
        else response.destroy(new Error("upstream read timeout"));
    };
    let timer = setTimeout(silent, seconds * 1000);
    const stop = () => clearTimeout(timer);
    response.on("data", () => {
        stop();
        timer = setTimeout(silent, seconds * 1000);
    });
    response.pause(); // the "data" listener would start the stream before its reader is attached
    response.on("end", stop);
    response.on("close", stop);
}
