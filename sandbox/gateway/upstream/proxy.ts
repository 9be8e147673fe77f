/**
 * Forwards a request to the upstream, with the headers that nginx adds and removes, and timeouts for connect, send and read.
 * Unsupported: retries, which this project turns off.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { NginxExit } from "../http/nginx";
import type { Context } from "../request/context";
import type { Resolve } from "../counters/shared-counters";
import type { Node, Timeout, Upstream } from "../request/types";
import { announces, upstreamHeaders, upstreamPath } from "./upstream-request";

/** Timeouts in seconds: the defaults of APISIX. */
const DEFAULT_TIMEOUT: Timeout = { connect: 60, send: 60, read: 60 };
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

/** Thrown when the client has disconnected, so that no answer is written. */
export class ClientGone extends Error {}

interface ProxyParts {
    agent: Agent;
    /** Resolves names and addresses of the cluster. */
    resolve: Resolve;
}

/** @throws NginxExit with 502 or 504 if the upstream does not answer */
export async function proxy(
    ctx: Context,
    upstream: Upstream,
    node: Node | undefined,
    parts: ProxyParts,
): Promise<IncomingMessage> {
    if (!node) throw new NginxExit(502);
    const timeout = ctx.route?.timeout ?? upstream.timeout ?? DEFAULT_TIMEOUT;
    const body = await ctx.readBody();
    ctx.node = node;
    const times: Context["upstreamTime"] = (ctx.upstreamTime = { start: performance.now() });
    const end = () => (times.end = performance.now());
    try {
        const response = await ask(ctx, node, timeout, body, parts);
        ctx.upstreamStatus = response.statusCode;
        ctx.upstreamAnswered = true;
        response.once("close", end);
        return response;
    } catch (error) {
        end();
        if (error instanceof NginxExit) ctx.upstreamStatus = error.status;
        throw error;
    }
}

function ask(ctx: Context, node: Node, timeout: Timeout, body: Buffer, parts: ProxyParts): Promise<IncomingMessage> {
    const address = addressOf(node, parts.resolve);
    return new Promise((resolve, reject) => {
        let settled = false;
        let timer: NodeJS.Timeout | undefined;
        const req = httpRequest({
            agent: parts.agent,
            ...address,
            method: ctx.method,
            path: upstreamPath(ctx),
            headers: upstreamHeaders(ctx, body),
            setHost: false,
        });
        req.removeHeader("Connection"); // nginx sends no Connection header over HTTP/1.1
        if (!announces(ctx, body)) req.useChunkedEncodingByDefault = false;

        /** Ends the wait, at the first of an answer, a failure and a disconnect. */
        const settle = (outcome: IncomingMessage | Error) => {
            if (settled) return;
            settled = true;
            clearTimeout(timer);
            ctx.answer.off("close", gone);
            if (!(outcome instanceof Error)) return resolve(outcome);
            req.destroy();
            reject(outcome);
        };
        const arm = (seconds: number) => {
            clearTimeout(timer);
            timer = setTimeout(() => settle(new NginxExit(504)), seconds * 1000);
        };
        const gone = () => settle(new ClientGone());
        /** Sends the rest of the body in pieces, each after the previous one was sent. */
        const send = (at = 0): void => {
            if (settled) return;
            arm(timeout.send);
            if (at >= body.length) req.end(() => settled || arm(timeout.read));
            else req.write(body.subarray(at, at + SEND_PIECE), () => send(at + SEND_PIECE));
        };

        ctx.answer.on("close", gone);
        req.on("error", () => settle(new NginxExit(502)));
        req.on("socket", (socket: Socket) => {
            if (!socket.connecting) return send();
            arm(timeout.connect);
            socket.once("connect", () => send());
        });
        req.on("response", (response) => {
            watchReads(response, timeout.read);
            settle(response);
        });
    });
}

/**
 * Address to connect to: for a node in the cluster that of its emulator, otherwise its own.
 * @throws NginxExit if nothing listens for a name of the cluster
 */
function addressOf({ host, port }: Node, resolve: Resolve): { host: string; port: number } {
    try {
        const emulated = resolve(host, port);
        return emulated === undefined ? { host, port } : { host: "127.0.0.1", port: emulated };
    } catch {
        throw new NginxExit(502);
    }
}

/** Aborts the answer if the upstream pauses for too long in the middle of it. */
function watchReads(response: IncomingMessage, seconds: number): void {
    let timer: NodeJS.Timeout;
    const arm = () => {
        clearTimeout(timer);
        timer = setTimeout(silent, seconds * 1000);
    };
    // A paused answer waits for a slow client, not for the upstream.
    const silent = () => (response.isPaused() ? arm() : response.destroy(new Error("upstream read timeout")));
    arm();
    response.on("data", arm);
    response.pause(); // the "data" listener would start the stream before its reader is attached
    response.on("close", () => clearTimeout(timer));
}
