/**
 * Forwards a stream of the edge to the origin and back (cloudflared proxy/proxy.go, connection/http2.go). Facts:
 * - Header names have Go's canonical form, `Connection: keep-alive` is set, and the connector's id is in `Cf-Warp-Tag-Id`.
 * - For an unreachable origin, the connector answers 502 marked "from cloudflared", and the edge sends its own error page.
 * - If the origin breaks off an answer, the edge gets the truncated answer as if it were complete, because cloudflared
 *   ignores errors while it copies the body.
 * - A request without a body is sent chunked if its method usually has a body (observed; Go's net/http transfer.go).
 *
 * Known differences: the real cloudflared adds `Accept-Encoding: gzip` if the edge sent none, and decompresses the answer; it
 * sends an answer that has Content-Length and no streaming type only when 4096 bytes are there, or the answer ends.
 */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { AccessCheck } from "./access-check";
import { findRule, NO_RULES, type Rule } from "./ingress";
import type { Log } from "./log";
import type { Stats } from "./metrics";
import * as wire from "./wire";

const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "proxy-connection"]);

/**
 * Returns the port on 127.0.0.1 of the emulator that serves a name of the cluster; undefined for other names.
 * @throws Error if nothing listens at the name
 */
export type Resolve = (host: string, port: number) => number | undefined;

export class Proxy {
    rules: readonly Rule[] = NO_RULES;
    private access?: { certsUrl: string; check: AccessCheck };
    /** One connection pool. In the real cloudflared each rule has its own. */
    private readonly agent = new Agent({
        keepAlive: true,
        keepAliveMsecs: 30_000,
        maxFreeSockets: 100,
        timeout: 90_000,
    });

    /** @param resolve resolves names of the cluster. All other names are resolved by this machine. */
    constructor(
        private readonly stats: Stats,
        private readonly log: Log,
        private readonly resolve: Resolve = () => undefined,
    ) {}

    use(rules: readonly Rule[], certsUrl: string): void {
        this.rules = rules;
        if (this.access?.certsUrl !== certsUrl) this.access = { certsUrl, check: new AccessCheck(certsUrl) };
    }

    close(): void {
        this.agent.destroy();
    }

    /** Handles one request. Resolves when its stream ends. Never throws: a failure becomes an answer. */
    async handle(stream: ServerHttp2Stream, head: wire.RequestHead, endOfStream: boolean): Promise<void> {
        this.stats.totalRequests++;
        this.stats.concurrentRequests++;
        const over = new Promise<void>((resolve) => stream.once("close", () => resolve()));
        stream.on("error", () => undefined); // the caller has disconnected
        try {
            await this.answer(stream, head, endOfStream);
        } catch (error) {
            this.failed(stream, error as Error, {});
        }
        await over;
        this.stats.concurrentRequests--;
    }

    private async answer(stream: ServerHttp2Stream, head: wire.RequestHead, endOfStream: boolean): Promise<void> {
        const { headers, authority: host, path } = head;
        const find = (name: string) => headers.find(([key]) => key.toLowerCase() === name)?.[1];
        const { rule, index } = findRule(this.rules, host, path);
        const where = { cfRay: find("cf-ray") ?? "", ingressRule: index, originService: rule.serviceText };

        if (rule.access) {
            if (!this.access)
                throw new Error("the edge has sent an ingress rule with `access`, but no URL of the Access keys");
            const token = find("cf-access-jwt-assertion");
            const verdict = await this.access.check.verdict(rule.access, token);
            if (!verdict.pass && verdict.status === 403) {
                const middleware = "request filtered by middleware handler (AccessJWTValidator) due to";
                this.log("error", `${middleware}: ${verdict.reason}`);
                return this.respond(stream, 403, [], true);
            }
            if (!verdict.pass) throw new Error(`error while processing middleware handler: ${verdict.reason}`);
        }
        if (rule.service.kind === "status") {
            this.stats.answered(rule.service.status);
            return this.respond(stream, rule.service.status, [], true);
        }

        const emulated = this.resolve(rule.service.host, rule.service.port);
        const request = httpRequest({
            agent: this.agent,
            host: emulated === undefined ? rule.service.host : "127.0.0.1",
            port: emulated ?? rule.service.port,
            method: head.method,
            path,
            setHost: false,
            headers: originHeaders(head, this.stats.connectorId, endOfStream),
        });
        limitConnecting(request, rule.connectSeconds);
        stream.once("close", () => request.destroy());
        request.on("error", (error) => {
            if (stream.destroyed || stream.headersSent) return;
            const reason = "Unable to reach the origin service. The service may be down or it may not be responding";
            this.failed(stream, new Error(`${reason} to traffic from cloudflared: ${error.message}`), where);
        });
        request.on("response", (response) => this.pass(stream, response));
        if (endOfStream) return void request.end();
        stream.pipe(request, { end: false });
        // If the caller breaks off its request, the origin must not take the part that arrived for the whole.
        stream.once("end", () => (stream.rstCode === constants.NGHTTP2_NO_ERROR ? request.end() : request.destroy()));
    }

    private pass(stream: ServerHttp2Stream, response: IncomingMessage): void {
        const status = response.statusCode ?? 502;
        this.stats.answered(status);
        if (stream.destroyed) return void response.destroy();
        const headers: wire.HeaderList = [];
        for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
            const name = response.rawHeaders[i].toLowerCase();
            if (!HOP_BY_HOP.has(name)) headers.push([name, response.rawHeaders[i + 1]]);
        }
        if (stream.headersSent) return void response.destroy();
        this.respond(stream, status, headers, false);
        response.on("error", () => stream.end()); // the edge gets a truncated answer as if it were complete
        if (stream.writable) response.pipe(stream);
        else response.resume();
    }

    private respond(stream: ServerHttp2Stream, status: number, headers: wire.HeaderList, end: boolean): void {
        if (stream.destroyed) return;
        stream.respond(
            {
                ":status": status,
                [wire.RESPONSE_HEADERS]: wire.serializeHeaders(headers),
                [wire.RESPONSE_META]: wire.FROM_ORIGIN,
            },
            { endStream: end },
        );
        if (end) stream.resume(); // the stream closes only after the request's body is read
    }

    private failed(stream: ServerHttp2Stream, error: Error, where: Record<string, string | number>): void {
        this.stats.requestErrors++;
        this.log("error", "", { error: error.message, ...where });
        if (stream.destroyed || stream.headersSent) return;
        stream.respond({ ":status": 502, [wire.RESPONSE_META]: wire.FROM_CONNECTOR }, { endStream: true });
        stream.resume();
    }
}

/** Methods for which Go checks whether the body is empty. For other methods Go assumes that there is a body. */
const USUALLY_WITHOUT_BODY = ["GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "SEARCH"];

function originHeaders(
    { method, headers, authority }: wire.RequestHead,
    connectorId: string,
    endOfStream: boolean,
): Record<string, string | string[]> {
    const sent: Record<string, string | string[]> = { Host: authority };
    for (const [name, value] of [...headers, ["Cf-Warp-Tag-Id", connectorId]]) {
        const key = canonical(name);
        if (key === "Host" || HOP_BY_HOP.has(key.toLowerCase())) continue;
        sent[key] = key in sent ? [sent[key], value].flat() : value;
    }
    if (endOfStream) delete sent["Content-Length"];
    const chunked = endOfStream ? !USUALLY_WITHOUT_BODY.includes(method) : !("Content-Length" in sent);
    if (chunked) sent["Transfer-Encoding"] = "chunked";
    sent.Connection = "keep-alive";
    return sent;
}

/** Canonical form of a header name: Go's textproto.CanonicalMIMEHeaderKey. */
const canonical = (name: string): string => name.toLowerCase().replace(/(^|-)[a-z]/g, (text) => text.toUpperCase());

function limitConnecting(request: ClientRequest, seconds: number): void {
    request.on("socket", (socket: Socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(() => request.destroy(new Error("dial tcp: i/o timeout")), seconds * 1000);
        socket.once("connect", () => clearTimeout(timer));
        socket.once("close", () => clearTimeout(timer));
    });
}
