/**
 * The data port. It emulates the part of nginx that runs before APISIX: limits of the request head, bad requests, closing of
 * connections.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Context } from "../request/context";
import { MAX_HEAD, MAX_HEAD_LINE, errorPage, statusText } from "../http/nginx";
import { Unsupported } from "../unsupported";
import { bytesSinceLast } from "../request/figures";
import { handleRequest, type PipelineParts } from "./pipeline";
import { RawHeads, readRefused } from "../http/raw-head";
import { parseTarget } from "../http/uri";

/**
 * Longest request head that Node.js accepts, in bytes: more than nginx, so that the gateway itself answers a head that is too
 * long.
 */
const NODE_MAX_HEAD = 1024 * 1024;
/** nginx's client_header_timeout and APISIX's keepalive_timeout, in milliseconds. */
const HEADER_TIMEOUT = 60_000;
/**
 * Time for which nginx continues to read a connection after its last answer. Closing it at once could reset the
 * connection before the client has received the answer.
 */
const LINGER_MS = 5000;

export function createDataServer(parts: PipelineParts, trustedAddresses: readonly string[]): Server {
    const server = createServer({
        maxHeaderSize: NODE_MAX_HEAD,
        requireHostHeader: false,
        keepAliveTimeout: HEADER_TIMEOUT,
        headersTimeout: HEADER_TIMEOUT,
        requestTimeout: 0, // bodies have no time limit while data arrives
        highWaterMark: 64 * 1024,
    });
    server.maxHeadersCount = 0;
    const port = new DataPort(parts, trustedAddresses);
    server.on("request", (request, answer) => port.serve(request, answer, false));
    server.on("checkContinue", (request, answer) => port.serve(request, answer, true));
    server.on("checkExpectation", (request, answer) => port.serve(request, answer, false));
    server.on("connect", (_, socket) => port.rawRefusal(socket as Socket, 405));
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => port.clientError(error, socket as Socket));
    server.on("connection", (socket: Socket) => port.connected(socket));
    return server;
}

class DataPort {
    private readonly heads = new RawHeads();
    /** Connections that got their last answer, and are still read so that the client receives it. */
    private readonly lingering = new WeakSet<Socket>();

    constructor(
        private readonly parts: PipelineParts,
        private readonly trustedAddresses: readonly string[],
    ) {}

    /** @param expects whether the client waits for 100 before it sends the body */
    serve(request: IncomingMessage, answer: ServerResponse, expects: boolean): void {
        const { parts } = this;
        // the connection has had its last answer, so later requests on it get none
        if (this.lingering.has(request.socket)) return;
        this.heads.restoreTabs(request);
        answer.on("error", () => undefined); // the client has disconnected
        request.on("error", () => undefined);
        const problem = refuse(request);
        if (problem) return this.refusal(request, answer, problem);
        const target = parseTarget(request.url ?? "/");
        if (!target) return; // refuse() has answered already
        const { remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 } = request.socket;
        const peer = { address: remoteAddress, port: remotePort, localAddress, localPort };
        const variables = parts.accessLog?.variables;
        const ctx = new Context(request, answer, target, peer, this.trustedAddresses, expects, variables);
        handleRequest(ctx, parts).catch((error: unknown) => parts.log(`gateway: ${String(error)}`));
    }

    rawRefusal(socket: Socket, status: number, detail?: string): void {
        rawAnswer(socket, status, "text/html", errorPage(status, detail));
        this.refused(status, socket);
    }

    /** Answers a request that Node's parser rejects. */
    clientError(error: NodeJS.ErrnoException, socket: Socket): void {
        if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
        // Node's parser rejects some methods and URLs that nginx accepts. A request with such a method or URL is served.
        if (error.code === "HPE_INVALID_METHOD" || error.code === "HPE_INVALID_URL") {
            const packet = (error as { rawPacket?: Buffer }).rawPacket?.toString("latin1") ?? "";
            const read = readRefused(packet, socket);
            if (read) return this.serve(read.request, read.answer, false);
        }
        // nginx answers 501 for every Transfer-Encoding other than `chunked`, even if Content-Length is wrong too.
        if (error.code === "HPE_INVALID_TRANSFER_ENCODING") return this.rawRefusal(socket, 501);
        const detail = error.code === "HPE_HEADER_OVERFLOW" ? "Request Header Or Cookie Too Large" : undefined;
        this.rawRefusal(socket, 400, detail);
    }

    connected(socket: Socket): void {
        socket.setNoDelay(true);
        this.heads.follow(socket);
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
        const startedAt = performance.now();
        const page = Buffer.from(errorPage(status, detail));
        answer.shouldKeepAlive = false;
        answer.writeHead(status, statusText(status), [
            ...["Server", "openresty", "Content-Type", "text/html; charset=utf-8"],
            ...["Content-Length", String(page.length), "Connection", "close"],
        ]);
        answer.once("close", () => this.refused(status, request.socket, performance.now() - startedAt));
        answer.end(request.method === "HEAD" ? undefined : page);
    }

    private refused(status: number, socket: Socket, milliseconds = 0): void {
        this.parts.accessLog?.addRefused(socket.remoteAddress ?? "", {
            status,
            requestSeconds: milliseconds / 1000,
            upstreamSeconds: [],
            ...bytesSinceLast(socket),
        });
        this.parts.onAnswer?.({ caller: null, status });
    }
}

/** Headers that nginx rejects when repeated, even with equal values. Fact: the header table of its ngx_http_request.c. */
const ONCE = new Set([
    ...["authorization", "content-length", "content-range", "expect", "transfer-encoding"],
    ...["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"],
]);

interface Refusal {
    status: number;
    detail?: string;
}

/** Returns the reason if nginx rejects the request before APISIX gets it. */
function refuse(request: IncomingMessage): Refusal | undefined {
    const target = request.url ?? "/";
    const method = request.method ?? "";
    const line = method.length + target.length + " HTTP/1.1\r\n".length + 1;
    if (line > MAX_HEAD_LINE) return { status: 414 };

    const tooLarge = { status: 400, detail: "Request Header Or Cookie Too Large" };
    const raw = request.rawHeaders;
    let total = line;
    const hosts: string[] = [];
    const names = new Set<string>();
    let repeated = false;
    let coding = "chunked";
    for (let i = 0; i + 1 < raw.length; i += 2) {
        const size = raw[i].length + raw[i + 1].length + ": \r\n".length;
        total += size;
        if (size > MAX_HEAD_LINE) return tooLarge;
        const name = raw[i].toLowerCase();
        if (name === "host") hosts.push(raw[i + 1]);
        if (name === "transfer-encoding") coding = raw[i + 1];
        repeated ||= ONCE.has(name) && names.has(name);
        names.add(name);
    }
    if (total > MAX_HEAD) return tooLarge;
    if (repeated) return { status: 400 };
    if (coding.toLowerCase() !== "chunked") return { status: 501 };

    const needsHost = request.httpVersion !== "1.0";
    if (hosts.length > 1 || (needsHost && hosts.length === 0)) return { status: 400 };
    if (hosts.length === 1 && !validHost(hosts[0])) return { status: 400 };
    // nginx routes by the host in the request line, but forwards the Host header.
    const named = /^https?:\/\/([^/?#]*)/i.exec(target)?.[1];
    if (named !== undefined && named.toLowerCase() !== hosts[0]?.toLowerCase())
        return {
            status: 501,
            detail: new Unsupported("a host in the request line that differs from the Host header").message,
        };
    if (method === "TRACE") return { status: 405 };
    if (!parseTarget(target)) return { status: 400 };
    return undefined;
}

function validHost(host: string): boolean {
    return host !== "" && !/[\x00-\x20\x7f/\\]/.test(host) && !host.includes("..") && !/^[.:]/.test(host);
}

function rawAnswer(socket: Socket, status: number, type: string, body: string): void {
    const head = [
        `HTTP/1.1 ${status} ${statusText(status)}`,
        "Server: openresty",
        `Date: ${new Date().toUTCString()}`,
        `Content-Type: ${type}; charset=utf-8`,
        `Content-Length: ${body.length}`,
        "Connection: close",
    ];
    socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
