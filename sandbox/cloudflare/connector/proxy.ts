/**
 * Forwards a stream of the edge to the origin and back (cloudflared proxy/proxy.go, connection/http2.go). Facts:
 * - Header names have Go's canonical form, `Connection: keep-alive` is set, and the connector's id is in `Cf-Warp-Tag-Id`.
 * - For an unreachable origin, the connector answers 502 marked "from cloudflared", and the edge sends its own error page.
 * - If the origin breaks off an answer, the edge gets the truncated answer as if it were complete, because cloudflared
 *   ignores errors while it copies the body.
 * - A request without a body is sent chunked if its method usually has a body (observed; Go's net/http transfer.go).
 * - `originRequest.access` (ingress/middleware/jwtvalidator.go): a request without a JWT, or with one for another audience,
 *   gets 403 with an empty body. A JWT that fails verification (signature, issuer, expiry) is an error: 502. An unknown `kid`
 *   always causes a new fetch of the keys, and cached keys never expire. That is the behavior of Go's go-oidc.
 *
 * Known differences: the real cloudflared adds `Accept-Encoding: gzip` if the edge sent none, and decompresses the answer; it
 * sends an answer that has Content-Length and no streaming type only when 4096 bytes are there, or the answer ends.
 */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { findRule, NO_RULES, type AccessRule, type Rule } from "./ingress";
import type { Log } from "./log";
import type { Stats } from "./metrics";
import * as wire from "./wire";

const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "proxy-connection"]);

/**
 * Returns the port on 127.0.0.1 of the emulator that serves a name of the cluster; undefined for other names.
 * @throws Error if nothing listens at the name
 */
export type Resolve = (host: string, port: number) => number | undefined;

/** Returns a function that says whether a JWT is for one of the rule's applications. It throws for an invalid JWT. */
export function accessCheck(certsUrl: string) {
    const keys = createRemoteJWKSet(new URL(certsUrl), { cooldownDuration: 0, cacheMaxAge: Infinity });
    return async ({ teamName, audTag }: AccessRule, token: string | undefined): Promise<boolean> => {
        if (!token) return false;
        const issuer = `https://${teamName}.cloudflareaccess.com`;
        const { payload } = await jwtVerify(token, keys, { algorithms: ["RS256"], issuer, requiredClaims: ["exp"] });
        return [payload.aud ?? []].flat().some((tag) => audTag.includes(tag));
    };
}

export class Proxy {
    private rules: readonly Rule[] = NO_RULES;
    private check?: ReturnType<typeof accessCheck>;
    /** One connection pool. In the real cloudflared each rule has its own. */
    private readonly agent = new Agent({ keepAlive: true, maxFreeSockets: 100, timeout: 90_000 });

    /** @param resolve resolves names of the cluster. All other names are resolved by this machine. */
    constructor(
        private readonly stats: Stats,
        private readonly log: Log,
        private readonly resolve: Resolve = () => undefined,
    ) {}

    use(rules: readonly Rule[], certsUrl: string): void {
        this.rules = rules;
        this.check ??= accessCheck(certsUrl);
    }

    close(): void {
        this.agent.destroy();
    }

    /** Handles one request. Resolves when its stream ends. Never throws: a failure becomes an answer. */
    async handle(stream: ServerHttp2Stream, head: wire.RequestHead, endOfStream: boolean): Promise<void> {
        this.stats.totalRequests++;
        this.stats.concurrentRequests++;
        const over = new Promise<void>((resolve) => stream.once("close", () => resolve()));
        await this.answer(stream, head, endOfStream).catch((error: Error) => this.failed(stream, error));
        await over;
        this.stats.concurrentRequests--;
    }

    private async answer(stream: ServerHttp2Stream, head: wire.RequestHead, endOfStream: boolean): Promise<void> {
        const { rule } = findRule(this.rules, head.authority, head.path);
        const { service } = rule;
        const [, jwt] = head.headers.find(([name]) => name.toLowerCase() === "cf-access-jwt-assertion") ?? [];
        if (rule.access && !(await this.check!(rule.access, jwt))) {
            this.log("ERR", "request filtered by middleware handler (AccessJWTValidator)");
            return this.respond(stream, 403, []);
        }
        if (typeof service === "number") {
            this.stats.answered(service);
            return this.respond(stream, service, []);
        }
        const emulated = this.resolve(service.host, service.port);
        const request = httpRequest({
            ...{ agent: this.agent, method: head.method, path: head.path, setHost: false },
            ...(emulated === undefined ? service : { host: "127.0.0.1", port: emulated }),
            headers: originHeaders(head, this.stats.connectorId, endOfStream),
        });
        limitConnecting(request, rule.connectSeconds);
        stream.once("close", () => request.destroy());
        request.on("error", (error) => this.failed(stream, error));
        request.on("response", (response) => this.pass(stream, response));
        if (endOfStream) return void request.end();
        stream.pipe(request, { end: false });
        // If the caller breaks off its request, the origin must not take the part that arrived for the whole.
        stream.once("end", () => (stream.rstCode === constants.NGHTTP2_NO_ERROR ? request.end() : request.destroy()));
    }

    private pass(stream: ServerHttp2Stream, response: IncomingMessage): void {
        const status = response.statusCode!;
        this.stats.answered(status);
        if (stream.destroyed || stream.headersSent) return void response.destroy();
        const headers = wire
            .pairsOf(response.rawHeaders)
            .map(([name, value]): [string, string] => [name.toLowerCase(), value])
            .filter(([name]) => !HOP_BY_HOP.has(name));
        this.respond(stream, status, headers, response);
    }

    /** @param body the origin's answer. @default an empty body */
    private respond(stream: ServerHttp2Stream, status: number, headers: wire.HeaderList, body?: IncomingMessage): void {
        if (stream.destroyed) return;
        const head = {
            [wire.RESPONSE_HEADERS]: wire.serializeHeaders(headers),
            [wire.RESPONSE_META]: wire.FROM_ORIGIN,
        };
        stream.respond({ ":status": status, ...head }, { endStream: !body });
        if (!body) return void stream.resume(); // the stream closes only after the request's body is read
        body.on("error", () => stream.end()); // the edge gets a truncated answer as if it were complete
        if (stream.writable) body.pipe(stream);
        else body.resume();
    }

    private failed(stream: ServerHttp2Stream, error: Error): void {
        if (stream.destroyed || stream.headersSent) return;
        this.stats.requestErrors++;
        this.log("ERR", `Unable to reach the origin service error="${error.message}"`);
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
        // Go's textproto.CanonicalMIMEHeaderKey
        const key = name.toLowerCase().replace(/(^|-)[a-z]/g, (text) => text.toUpperCase());
        if (key === "Host" || HOP_BY_HOP.has(key.toLowerCase())) continue;
        sent[key] = key in sent ? [sent[key], value].flat() : value;
    }
    if (endOfStream) delete sent["Content-Length"];
    const chunked = endOfStream ? !USUALLY_WITHOUT_BODY.includes(method) : !("Content-Length" in sent);
    if (chunked) sent["Transfer-Encoding"] = "chunked";
    return { ...sent, Connection: "keep-alive" };
}

function limitConnecting(request: ClientRequest, seconds: number): void {
    request.on("socket", (socket: Socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(() => request.destroy(new Error("dial tcp: i/o timeout")), seconds * 1000);
        for (const event of ["connect", "close"]) socket.once(event, () => clearTimeout(timer));
    });
}
