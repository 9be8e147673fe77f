/**
 * Forwards a request through the tunnel. Facts: added and removed headers (Cloudflare's list of request headers); 413 if the
 * body is larger than the plan allows; 524 if the origin sends no byte within the read timeout; 502 if the connector cannot
 * reach the origin, or disconnects during the request. A request that was sent to a connector is never repeated.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import * as wire from "../connector/wire";
import type { Plan } from "../objects";
import { errorPage, Unsupported, values, type EdgeAnswer, type EdgeRequest } from "./types";
import type { WorkerResult } from "./worker";

/** Largest body in bytes, by plan. */
export const MAX_BODY: Record<Plan, number> = { free: 1e8, pro: 1e8, business: 2e8, enterprise: 5e8 };

const HOP_BY_HOP = [
    ...["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "expect"],
    "http2-settings",
];
/** Headers that only the edge sets. If a caller sends them, they are removed. */
const OURS = [
    ...["host", "x-forwarded-for", "x-forwarded-proto", "cf-access-jwt-assertion", "cf-connecting-ip"],
    ...["cf-ray", "cf-visitor", "cf-ipcountry", "cdn-loop", "cf-worker"],
];
const OURS_BY_PREFIX = /^cf-(access-authenticated|warp-tag|cloudflared)-/;

interface Forwarding {
    request: EdgeRequest;
    incoming: IncomingMessage;
    answer: ServerResponse;
    session: ClientHttp2Session;
    /** The JWT of Access for the origin. */
    jwt?: string;
    /** Names of headers with secrets of the caller, which the origin must not get. */
    strip: string[];
    /** The request that the route's Worker has forwarded; unset if the route has no Worker. */
    worker?: Extract<WorkerResult, { kind: "pass" }>;
    readTimeoutMs: number;
    /** Sends the head of the origin's answer to the caller. */
    head: (status: number, headers: wire.HeaderList) => void;
    refuse: (answer: EdgeAnswer) => void;
}

export function forward(f: Forwarding): void {
    const { incoming, answer, request } = f;
    const changed = f.worker?.changed;
    const hasBody = changed
        ? changed.body.length > 0
        : "transfer-encoding" in incoming.headers || Number(incoming.headers["content-length"] ?? 0) > 0;
    const stream = open(f, !hasBody);
    const end = (reply?: EdgeAnswer) => {
        clearTimeout(timer);
        // close() would end the body first, and the connector would take the part that was sent for the whole.
        if (!stream.destroyed) stream.destroy(new Error("the request was cancelled"));
        if (answer.writableEnded || answer.destroyed) return;
        if (!reply || answer.headersSent) answer.destroy();
        else f.refuse(reply);
    };

    let timer: NodeJS.Timeout | undefined;
    const silent = () => {
        if (answer.writableNeedDrain) arm(); // waits longer, because the caller is slow, not the origin
        else end(errorPage(524, request, "The origin did not answer in time."));
    };
    const arm = () => {
        clearTimeout(timer);
        timer = setTimeout(silent, f.readTimeoutMs);
    };
    arm();
    answer.once("close", () => end()); // after a complete answer, end() has no effect
    if (changed && hasBody) stream.end(changed.body);
    else if (hasBody) sendBody(f, stream, arm, end);
    stream.on("error", () => undefined); // handled by `close`
    stream.once("response", (head) => {
        arm();
        const status = Number(head[":status"]);
        if (head[wire.RESPONSE_META] === wire.FROM_CONNECTOR)
            return end(errorPage(status, request, "cloudflared could not reach the origin."));
        f.head(status, responseHeaders(head));
        stream.on("data", arm);
        stream.pipe(answer);
    });
    stream.once("close", () => {
        clearTimeout(timer);
        if (!answer.headersSent) end(errorPage(502, request, "The connector disconnected."));
        else if (!answer.writableEnded) end();
    });
}

function sendBody(f: Forwarding, stream: ClientHttp2Stream, moved: () => void, end: (reply: EdgeAnswer) => void): void {
    let size = 0;
    f.incoming.on("data", (chunk: Buffer) => {
        moved();
        size += chunk.length;
        if (size > MAX_BODY[f.request.zone.plan]) end(errorPage(413, f.request));
    });
    f.incoming.pipe(stream);
}

function requestHeaders({ request, incoming, jwt, strip, worker }: Forwarding): wire.HeaderList {
    // Headers whose names are in the Connection header concern only the caller's connection.
    const named = (incoming.headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
    const dropped = [...HOP_BY_HOP, ...OURS, ...strip, ...named];
    const changed = worker?.changed;
    const kept = (changed?.headers ?? request.headers).filter(([given]) => {
        const name = given.toLowerCase();
        return !dropped.includes(name) && !OURS_BY_PREFIX.test(name);
    });
    const headers: wire.HeaderList = [
        ...kept,
        ["X-Forwarded-For", [...values(request.headers, "x-forwarded-for"), request.ip].join(", ")],
        ["X-Forwarded-Proto", "https"],
        ["Cf-Connecting-Ip", request.ip],
        ["Cf-Ray", request.ray],
        ["Cf-Visitor", '{"scheme":"https"}'],
        ["Cf-Ipcountry", "XX"], // Cloudflare's code for an unknown country
        ["Cdn-Loop", `cloudflare; loops=1${worker ? "; subreqs=1" : ""}`],
    ];
    if (worker) headers.push(["Cf-Worker", request.zone.name]);
    if (changed) headers.push(["Content-Length", String(changed.body.length)]);
    if (jwt !== undefined) headers.push(["Cf-Access-Jwt-Assertion", jwt]);
    return headers;
}

function open(f: Forwarding, endStream: boolean): ClientHttp2Stream {
    const { method, target, hostname } = f.request;
    const head: Record<string, string | string[]> = {
        ...{ ":method": method, ":path": target, ":scheme": "https", ":authority": hostname },
    };
    for (const [given, value] of requestHeaders(f)) {
        const name = given.toLowerCase();
        head[name] = name in head ? [head[name], value].flat() : value;
    }
    try {
        return f.session.request(head, { endStream });
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_HTTP2_HEADER_SINGLE_VALUE") throw error;
        throw new Unsupported(`a repeated header that Node.js can send only once: ${(error as Error).message}`);
    }
}

const responseHeaders = (head: IncomingHttpHeaders): wire.HeaderList =>
    wire.deserializeHeaders(String(head[wire.RESPONSE_HEADERS] ?? "")).filter(([given]) => {
        const name = given.toLowerCase();
        return !HOP_BY_HOP.includes(name) && name !== "server" && !/^(:|cf-int-|cf-cloudflared-|cf-proxy-)/.test(name);
    });
