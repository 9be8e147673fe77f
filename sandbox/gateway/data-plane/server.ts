/**
 * The data port. It emulates the part of nginx that runs before APISIX: limits of the request head, bad requests, closing of
 * connections.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { HeaderList } from "../http/headers";
import { Context } from "../request/context";
import { errorPage, statusText } from "../http/nginx";
import { Unsupported } from "../unsupported";
import { bytesSinceLast } from "../request/figures";
import { handleRequest, type PipelineParts } from "./pipeline";
import { followHeads, restoreTabs } from "../http/raw-head";
import { parseTarget } from "../http/uri";

/**
 * Longest request head that Node.js accepts, in bytes: more than nginx, so that the gateway itself answers a head that is too
 * long.
 */
const NODE_MAX_HEAD = 1024 * 1024;
/** Longest request line or header line of nginx, with its line end, and longest head (large_client_header_buffers 4 8k). */
const MAX_HEAD_LINE = 8192;
const MAX_HEAD = 4 * MAX_HEAD_LINE;
/** nginx's client_header_timeout and APISIX's keepalive_timeout, in milliseconds. */
const HEADER_TIMEOUT = 60_000;
/**
 * Time for which nginx continues to read a connection after its last answer. Closing it at once could reset the
 * connection before the client has received the answer.
 */
const LINGER_MS = 5000;

export function createDataServer(parts: PipelineParts): Server {
    const server = createServer({
        maxHeaderSize: NODE_MAX_HEAD,
        requireHostHeader: false,
        keepAliveTimeout: HEADER_TIMEOUT,
        headersTimeout: HEADER_TIMEOUT,
        requestTimeout: 0, // bodies have no time limit while data arrives
        highWaterMark: 64 * 1024,
    });
    server.maxHeadersCount = 0;
    const port = new DataPort(parts);
    server.on("request", (request, answer) => port.serve(request, answer, false));
    server.on("checkContinue", (request, answer) => port.serve(request, answer, true));
    server.on("checkExpectation", (request, answer) => port.serve(request, answer, false));
    server.on("connect", (_, socket) => port.rawRefusal(socket as Socket, 405));
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => port.clientError(error, socket as Socket));
    server.on("connection", (socket: Socket) => port.connected(socket));
    return server;
}

class DataPort {
    /** Connections that got their last answer, and are still read so that the client receives it. */
    private readonly lingering = new WeakSet<Socket>();

    constructor(private readonly parts: PipelineParts) {}

    /** @param expects whether the client waits for 100 before it sends the body */
    serve(request: IncomingMessage, answer: ServerResponse, expects: boolean): void {
        const { parts } = this;
        // the connection has had its last answer, so later requests on it get none
        if (this.lingering.has(request.socket)) return;
        restoreTabs(request);
        answer.on("error", () => undefined); // the client has disconnected
        request.on("error", () => undefined);
        const problem = refuse(request);
        if (problem) return this.refusal(request, answer, problem);
        const target = parseTarget(request.url ?? "/")!; // refuse() has rejected other targets
        const ctx = new Context(request, answer, target, expects, parts.accessLog?.declared.variables);
        handleRequest(ctx, parts).catch((error: unknown) => parts.log(`gateway: ${String(error)}`));
    }

    rawRefusal(socket: Socket, status: number, detail?: string): void {
        const body = errorPage(status, detail);
        const head = [
            `HTTP/1.1 ${status} ${statusText(status)}`,
            "Server: openresty",
            "Content-Type: text/html; charset=utf-8",
            `Content-Length: ${body.length}`,
            "Connection: close",
        ];
        socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
        this.refused(status, socket);
    }

    /** Answers a request that Node's parser rejects. */
    clientError(error: NodeJS.ErrnoException, socket: Socket): void {
        if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
        // nginx accepts some methods and targets that Node's parser rejects. No caller needs them.
        if (error.code === "HPE_INVALID_METHOD" || error.code === "HPE_INVALID_URL")
            return this.rawRefusal(socket, 501, new Unsupported(`this request line (${error.code})`).message);
        // nginx answers 501 for every Transfer-Encoding other than `chunked`, even if Content-Length is wrong too.
        if (error.code === "HPE_INVALID_TRANSFER_ENCODING") return this.rawRefusal(socket, 501);
        this.rawRefusal(socket, 400);
    }

    connected(socket: Socket): void {
        socket.setNoDelay(true);
        followHeads(socket);
        // Node.js closes a connection right after its last answer. Unread request bytes would then cause a reset, which can
        // overtake the answer. This function does what nginx does: it stops writing, reads on for a while, then closes.
        socket.destroySoon = () => {
            if (this.lingering.has(socket) || socket.destroyed) return;
            this.lingering.add(socket);
            socket.end();
            socket.resume();
            const timer = setTimeout(() => socket.destroy(), LINGER_MS);
            timer.unref();
            socket.once("end", () => socket.destroy());
            socket.once("close", () => clearTimeout(timer));
        };
    }

    private refusal(request: IncomingMessage, answer: ServerResponse, { status, detail }: Refusal): void {
        const page = errorPage(status, detail);
        answer.shouldKeepAlive = false;
        answer.writeHead(status, statusText(status), [
            ...["Server", "openresty", "Content-Type", "text/html; charset=utf-8"],
            ...["Content-Length", String(page.length), "Connection", "close"],
        ]);
        answer.once("close", () => this.refused(status, request.socket));
        answer.end(request.method === "HEAD" ? undefined : page);
    }

    private refused(status: number, socket: Socket): void {
        const figures = { status, requestSeconds: 0, ...bytesSinceLast(socket) };
        this.parts.accessLog?.add(undefined, socket.remoteAddress ?? "", figures);
        this.parts.onAnswer?.({ caller: null, status });
    }
}

/** Headers that nginx rejects when repeated, even with equal values. Fact: the header table of its ngx_http_request.c. */
const ONCE = new Set([
    ...["host", "authorization", "content-length", "content-range", "expect", "transfer-encoding"],
    ...["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"],
]);

interface Refusal {
    status: number;
    detail?: string;
}

/** Returns the reason if nginx rejects the request before APISIX gets it. */
function refuse(request: IncomingMessage): Refusal | undefined {
    const { url = "/", method = "", rawHeaders: raw } = request;
    const line = `${method} ${url} HTTP/1.1\r\n`.length;
    if (line > MAX_HEAD_LINE) return { status: 414 };
    const headers = [...HeaderList.fromRaw(raw)].map(([name, value]) => [name.toLowerCase(), value] as const);
    const sizes = headers.map(([name, value]) => `${name}: ${value}\r\n`.length);
    const total = sizes.reduce((sum, size) => sum + size, line);
    if (total > MAX_HEAD || sizes.some((size) => size > MAX_HEAD_LINE))
        return { status: 400, detail: "Request Header Or Cookie Too Large" };

    const found = new Map(headers);
    if (headers.some(([name], i) => ONCE.has(name) && headers.findIndex(([other]) => other === name) < i))
        return { status: 400 };
    if ((found.get("transfer-encoding") ?? "chunked").toLowerCase() !== "chunked") return { status: 501 };

    const host = found.get("host");
    if (host === undefined ? request.httpVersion !== "1.0" : !validHost(host)) return { status: 400 };
    // nginx routes by the host in the request line, but forwards the Host header.
    const named = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1];
    if (named !== undefined && named.toLowerCase() !== host?.toLowerCase())
        return {
            status: 501,
            detail: new Unsupported("a host in the request line that differs from the Host header").message,
        };
    if (method === "TRACE") return { status: 405 };
    return parseTarget(url) ? undefined : { status: 400 };
}

function validHost(host: string): boolean {
    return host !== "" && !/[\x00-\x20\x7f/\\]/.test(host) && !host.includes("..") && !/^[.:]/.test(host);
}
