/**
 * Forwards a request through the tunnel. Facts: added and removed headers (Cloudflare's list of request headers); 413 if the
 * body is larger than the plan allows; 524 if the origin sends no byte within the read timeout; 530 with error 1033 if no
 * connector is connected; 502 if the connector cannot reach the origin, or disconnects during the request. A request
 * that was sent to a connector is never repeated: only a request that was not sent yet goes to another connector.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import * as wire from "../connector/wire";
import { MAX_BODY } from "./limits";
import { errorPage, numberedError } from "./pages";
import { Unsupported, type EdgeAnswer, type EdgeRequest, type HeaderList } from "./types";
import type { WorkerResult } from "./worker";

const HOP_BY_HOP = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "expect",
    "http2-settings",
];
/** Headers that only the edge sets. If a caller sends them, they are removed. */
const OURS = [
    "cf-access-jwt-assertion",
    "cf-connecting-ip",
    "cf-ray",
    "cf-visitor",
    "cf-ipcountry",
    "cdn-loop",
    "cf-worker",
];
const OURS_BY_PREFIX = ["cf-access-authenticated-", "cf-warp-tag-", "cf-cloudflared-"];

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
    head: (status: number, headers: HeaderList) => void;
    refuse: (answer: EdgeAnswer) => void;
}

export function forward(f: Forwarding): void {
    const { incoming, answer, request } = f;
    const changed = f.worker?.changed;
    const hasBody = changed
        ? changed.body.length > 0
        : "transfer-encoding" in incoming.headers || Number(incoming.headers["content-length"] ?? 0) > 0;
    const stream = open(
        f.session,
        {
            ":method": request.method,
            ":path": request.target,
            ":scheme": "https",
            ":authority": request.hostname,
            ...merged(requestHeaders(f)),
        },
        !hasBody,
    );
    const end = (reply?: EdgeAnswer) => {
        clearTimeout(timer);
        if (!stream.destroyed) stream.close(constants.NGHTTP2_CANCEL);
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
        if (head[wire.RESPONSE_META] === wire.FROM_CONNECTOR) {
            return end(errorPage(Number(head[":status"]), request, "cloudflared could not reach the origin."));
        }
        f.head(Number(head[":status"]), responseHeaders(head));
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
    const most = MAX_BODY[f.request.zone.plan];
    let size = 0;
    f.incoming.on("data", (chunk: Buffer) => {
        moved();
        size += chunk.length;
        if (size > most) end(errorPage(413, f.request));
    });
    f.incoming.pipe(stream);
}

function requestHeaders(f: Forwarding): HeaderList {
    const dropped = new Set([...HOP_BY_HOP, ...OURS, ...f.strip, "host", "x-forwarded-for", "x-forwarded-proto"]);
    // Headers whose names are in the Connection header concern only the caller's connection.
    for (const name of (f.incoming.headers.connection ?? "").split(",")) dropped.add(name.trim().toLowerCase());
    const changed = f.worker?.changed;
    const kept = (changed?.headers ?? f.request.headers).filter(([name]) => {
        const lower = name.toLowerCase();
        return !dropped.has(lower) && !OURS_BY_PREFIX.some((prefix) => lower.startsWith(prefix));
    });
    const before = f.request.headers.filter(([name]) => name.toLowerCase() === "x-forwarded-for").map(([, v]) => v);
    return [
        ...kept,
        ["X-Forwarded-For", [...before, f.request.ip].join(", ")],
        ["X-Forwarded-Proto", "https"],
        ["Cf-Connecting-Ip", f.request.ip],
        ["Cf-Ray", f.request.ray],
        ["Cf-Visitor", '{"scheme":"https"}'],
        ["Cf-Ipcountry", "XX"], // Cloudflare's code for an unknown country
        ["Cdn-Loop", `cloudflare; loops=1${f.worker ? "; subreqs=1" : ""}`],
        ...(f.worker ? [["Cf-Worker", f.request.zone.name] as [string, string]] : []),
        ...(changed ? [["Content-Length", String(changed.body.length)] as [string, string]] : []),
        ...(f.jwt === undefined ? [] : [["Cf-Access-Jwt-Assertion", f.jwt] as [string, string]]),
    ];
}

function open(
    session: ClientHttp2Session,
    head: Record<string, string | string[]>,
    endStream: boolean,
): ClientHttp2Stream {
    try {
        return session.request(head, { endStream });
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_HTTP2_HEADER_SINGLE_VALUE") throw error;
        throw new Unsupported(`a repeated header that Node.js can send only once: ${(error as Error).message}`);
    }
}

function merged(list: HeaderList): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {};
    for (const [given, value] of list) {
        const name = given.toLowerCase();
        headers[name] = name in headers ? [headers[name], value].flat() : value;
    }
    return headers;
}

function responseHeaders(head: IncomingHttpHeaders): HeaderList {
    const headers = wire.deserializeHeaders(String(head[wire.RESPONSE_HEADERS] ?? ""));
    const control = /^(:|cf-int-|cf-cloudflared-|cf-proxy-)/;
    return headers.filter(([given]) => {
        const name = given.toLowerCase();
        return !HOP_BY_HOP.includes(name) && name !== "server" && !control.test(name);
    });
}

/** The answer if no connector is connected. It does not show whether the origin works. */
export const noConnector = (request: EdgeRequest): EdgeAnswer =>
    numberedError(530, 1033, "Cloudflare Tunnel error", request);
