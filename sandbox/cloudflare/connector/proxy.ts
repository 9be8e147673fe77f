/**
 * Forwards a stream of the edge to the origin and back (cloudflared proxy/proxy.go, connection/http2.go). Facts:
 * - Header names have Go's canonical form, `Connection: keep-alive` is set, and the connector's id is in `Cf-Warp-Tag-Id`.
 * - For an unreachable origin, the connector answers 502 marked "from cloudflared", and the edge sends its own error page.
 * - If the origin breaks off an answer, the edge gets the truncated answer as if it were complete, because cloudflared
 *   ignores errors while it copies the body.
 * - Answers are buffered as unflushed.ts describes.
 * - A request without a body is sent chunked if its method usually has a body (observed; Go's net/http transfer.go).
 *
 * Known difference: the real cloudflared adds `Accept-Encoding: gzip` if the edge sent none, and decompresses the answer.
 */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { AccessCheck } from "./access-check";
import { findRule, NO_RULES, type OriginSettings, type Rule } from "./ingress";
import type { Log } from "./log";
import type { Stats } from "./metrics";
import { flushes, Unflushed } from "./unflushed";
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
    private readonly agents = new Map<string, Agent>();

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
        for (const agent of this.agents.values()) agent.destroy();
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

        if (rule.origin.access) {
            if (!this.access)
                throw new Error("the edge has sent an ingress rule with `access`, but no URL of the Access keys");
            const token = find("cf-access-jwt-assertion");
            const verdict = await this.access.check.verdict(rule.origin.access, token);
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
            agent: this.agent(rule.origin),
            host: emulated === undefined ? rule.service.host : "127.0.0.1",
            port: emulated ?? rule.service.port,
            method: head.method,
            path,
            setHost: false,
            headers: originHeaders(head, rule.origin.httpHostHeader ?? host, this.stats.connectorId, endOfStream),
        });
        limitConnecting(request, rule.origin);
        stream.once("close", () => request.destroy());
        request.on("error", (error) => {
            if (stream.destroyed || stream.headersSent) return;
            const reason = "Unable to reach the origin service. The service may be down or it may not be responding";
            this.failed(stream, new Error(`${reason} to traffic from cloudflared: ${error.message}`), where);
        });
        request.on("response", (response) => this.pass(stream, response));
        if (endOfStream) request.end();
        else stream.pipe(request);
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
        const begin = () => {
            if (!stream.headersSent) this.respond(stream, status, headers, false);
        };
        if (flushes(headers, response.headers["transfer-encoding"] === "chunked")) {
            begin();
            response.on("error", () => stream.end()); // the edge gets a truncated answer as if it were complete
            if (stream.writable) response.pipe(stream);
            else response.resume();
            return;
        }
        const held = new Unflushed(begin);
        response.on("error", () => held.end());
        response.pipe(held).pipe(stream);
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

    /**
     * Returns the connection pool for the settings of a rule. Rules with equal settings share a pool; in the real
     * cloudflared each rule has its own.
     */
    private agent(settings: OriginSettings): Agent {
        const { keepAliveConnections, keepAliveTimeout, tcpKeepAlive } = settings;
        const key = [keepAliveConnections, keepAliveTimeout, tcpKeepAlive].join();
        const found = this.agents.get(key);
        if (found) return found;
        const made = new Agent({
            keepAlive: true,
            keepAliveMsecs: tcpKeepAlive * 1000,
            maxFreeSockets: keepAliveConnections,
            timeout: keepAliveTimeout * 1000,
        });
        this.agents.set(key, made);
        return made;
    }
}

/** Methods for which Go checks whether the body is empty. For other methods Go assumes that there is a body. */
const USUALLY_WITHOUT_BODY = ["GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "SEARCH"];

function originHeaders(
    { method, headers }: wire.RequestHead,
    host: string,
    connectorId: string,
    endOfStream: boolean,
): Record<string, string | string[]> {
    const sent: Record<string, string | string[]> = { Host: host };
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

function limitConnecting(request: ClientRequest, settings: OriginSettings): void {
    request.on("socket", (socket: Socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(
            () => request.destroy(new Error("dial tcp: i/o timeout")),
            settings.connectTimeout * 1000,
        );
        socket.once("connect", () => clearTimeout(timer));
        socket.once("close", () => clearTimeout(timer));
    });
}
