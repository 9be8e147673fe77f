/**
 * Stand-in of Cloudflare's edge, as of autumn 2026, for hostnames of one account that lead to a tunnel. Facts: the
 * documentation of Access, Tunnel, rules and the proxy's limits; each file names its own. The order is the real one:
 * name and certificate, size limits, WAF, browser check and rate limits, Access, Worker, tunnel.
 *
 * Plain HTTP/1.1 on loopback where the real one has TLS: the Host header selects the hostname, and the origin gets
 * `X-Forwarded-Proto: https`. A name without an active certificate gets its connection reset, as TLS would fail.
 * Refused with 501 and the name of what is lacking: records that do not lead to a tunnel, WebSockets, paths below
 * /cdn-cgi/, rule actions, selectors and settings named in the other files. Not there at all: cache, compression,
 * HTTP/2, redirects to https, the security level.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Account } from "../account";
import { EDGE_NAME } from "../connector/wire";
import { newRay, refuseUpgrade, send, signature } from "./answer";
import { decide } from "./access/decide";
import { SigningKeys } from "./access/keys";
import { createTeamDomain } from "./access/team-domain";
import { createCertificate, type Certificate } from "./certificate";
import { Connectors } from "./connectors";
import { forward, noConnector } from "./forward";
import { wayOf, type Way } from "./hostnames";
import { MAX_BODY, MAX_HEADERS, MAX_URL, readTimeoutSeconds } from "./limits";
import { errorPage, notImitated, numberedError, ownFault } from "./pages";
import { normalPath } from "./path";
import { Rules } from "./rules/rules";
import { NotImitated, values, type EdgeAnswer, type EdgeRequest, type HeaderList } from "./types";
import { runWorker } from "./worker";

export interface EdgeOptions {
    /** Port for callers, on 127.0.0.1; 0 takes a free one. */
    port: number;
    account: Account;
    /** Port for connectors (7844 in reality). @default a free one */
    connectorPort?: number;
    /** Port that plays `<team>.cloudflareaccess.com`. @default a free one */
    teamDomainPort?: number;
    /** Multiplies the read timeout: 0.008 makes the 125 s one second. @default 1 */
    scale?: number;
    /** Between two pings of a connection, in milliseconds: see connectors.ts. @default 1000 */
    pingMs?: number;
    /** @default generated, which takes part of a second */
    keys?: SigningKeys;
    /** Told each answer, with the name of the service token that Access took. */
    onAnswer?: (answered: { caller: string | null; status: number }) => void;
    /** @default a new one */
    certificate?: Certificate;
    log?: (line: string) => void;
}

export interface Edge {
    port: number;
    url: string;
    connectorPort: number;
    teamDomainPort: number;
    /** The same with TLS, under its name. */
    teamDomainTls: { name: string; port: number };
    /** What the team's domain and the connectors' port show by TLS. */
    certificate: Certificate;
    /** The key set of Access, for origins that verify. */
    certsUrl: string;
    /** Signs with a new key from now on; the one before stays listed. */
    rotateKeys(): Promise<void>;
    close(): Promise<void>;
}

/** What connectors must know to find it. */
export type EdgePlace = Pick<Edge, "connectorPort" | "certificate" | "teamDomainTls">;

/** Idle time of a caller's connection: longer than callers keep theirs, or one is closed while a request is on its way. */
const KEEP_ALIVE_MS = 75_000;
/** Node must read more than the edge allows, so that the answer to too much is ours. Bytes. */
const NODE_MAX_HEAD = 256 * 1024;

export async function startEdge(options: EdgeOptions): Promise<Edge> {
    const { account, scale = 1, log = () => {} } = options;
    const keys = options.keys ?? (await SigningKeys.create(() => account.now()));
    const names: [string, string] = [account.organization.auth_domain, EDGE_NAME];
    const certificate = options.certificate ?? (await createCertificate(names));
    const teamDomain = createTeamDomain(keys, certificate);
    const teamDomainPort = await listen(teamDomain.plain, options.teamDomainPort ?? 0);
    const teamDomainTls = {
        name: account.organization.auth_domain,
        port: await listen(teamDomain.secure, 0),
    };
    const certsUrl = `http://127.0.0.1:${teamDomainPort}/cdn-cgi/access/certs`;
    const connectors = new Connectors({ account, certificate, certsUrl, log, pingMs: options.pingMs });
    const connectorPort = await connectors.listen(options.connectorPort ?? 0);
    const rules = new Rules(account, log);

    const server = createServer({ maxHeaderSize: NODE_MAX_HEAD, requireHostHeader: false }, (incoming, answer) => {
        incoming.on("error", () => undefined); // the caller went away
        answer.on("error", () => undefined);
        handle(incoming, answer).catch((error: unknown) => {
            const lacking = error instanceof NotImitated;
            log(lacking ? `edge: not imitated: ${error.message}` : `edge: ${String((error as Error).stack)}`);
            if (answer.headersSent) answer.destroy();
            else send(answer, lacking ? notImitated(error.message) : ownFault(), newRay());
        });
    });
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.requestTimeout = 0; // bodies may take as long as they like, as long as they move
    server.on("upgrade", (_, socket: Socket) => refuseUpgrade(socket));

    async function handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
        const ray = newRay();
        let caller: string | null = null;
        answer.once("close", () => {
            if (answer.headersSent) options.onAnswer?.({ caller, status: answer.statusCode });
        });
        const headers = headerList(incoming);
        const hostname = (values(headers, "host")[0] ?? "").toLowerCase().replace(/:\d+$/, "");
        const target = incoming.url ?? "/";
        const base = { hostname, ray, headers };
        const refuse = (reply: EdgeAnswer) => send(answer, reply, ray);

        const way = wayOf(account, hostname);
        if (way.kind === "no-certificate") {
            log(`edge: ${hostname} has no active certificate: the connection is reset, as TLS would fail`);
            return void incoming.socket.resetAndDestroy();
        }
        const malformed = values(headers, "host").length !== 1 || !target.startsWith("/");
        const early = malformed ? errorPage(400, base) : (tooMuch(incoming, headers, way, base) ?? noWay(way, base));
        if (early) return refuse(early);
        if (way.kind !== "tunnel") return refuse(notImitated(way.kind));

        const [rawPath, ...query] = target.split("?");
        const request: EdgeRequest = {
            zone: way.zone,
            hostname,
            method: incoming.method ?? "GET",
            target,
            path: normalPath(rawPath),
            query: query.join("?"),
            headers,
            ip: (incoming.socket.remoteAddress ?? "").replace(/^::ffff:/, ""),
            ray,
        };
        if (request.path.startsWith("/cdn-cgi/")) throw new NotImitated(`the path ${request.path}`);
        const stopped = rules.run(request);
        if (stopped) return refuse(stopped);
        const decision = await decide(request, account, keys);
        if (!decision.pass) return refuse(decision.answer);
        const { jwt, strip } = decision;
        caller = decision.caller ?? null;
        const cookie: HeaderList = decision.cookie ? [["Set-Cookie", decision.cookie]] : [];
        const head = (status: number, given: HeaderList) =>
            answer.writeHead(status, [...given, ...cookie, ...signature(ray)].flat());
        const worker = await runWorker(account, request, incoming, jwt, strip, log);
        if (worker?.kind === "failed") return refuse(worker.answer);
        if (worker?.kind === "answer") return void head(worker.status, worker.headers).end(worker.body);
        const session = way.tunnel && connectors.pick(way.tunnel);
        if (!session) return refuse(noConnector(request));
        if (answer.destroyed) return; // the caller went away meanwhile
        forward({
            request,
            incoming,
            answer,
            session,
            ...{ jwt, strip, worker, head },
            readTimeoutMs: readTimeoutSeconds(way.zone) * 1000 * scale,
            refuse,
        });
    }

    const port = await listen(server, options.port);
    return {
        port,
        url: `http://127.0.0.1:${port}`,
        connectorPort,
        teamDomainPort,
        teamDomainTls,
        certificate,
        certsUrl,
        rotateKeys: () => keys.rotate(),
        close: async () => {
            await Promise.all([close(server), close(teamDomain.plain), close(teamDomain.secure), connectors.close()]);
        },
    };
}

function tooMuch(
    incoming: IncomingMessage,
    headers: HeaderList,
    way: Way,
    base: Pick<EdgeRequest, "hostname" | "ray">,
): EdgeAnswer | undefined {
    if ((incoming.url ?? "").length > MAX_URL) return errorPage(414, base);
    const size = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    if (size > MAX_HEADERS) return errorPage(400, base, "Request Header Or Cookie Too Large.");
    const most = "zone" in way ? MAX_BODY[way.zone.plan] : Infinity;
    return Number(incoming.headers["content-length"] ?? 0) > most ? errorPage(413, base) : undefined;
}

function noWay(way: Way, base: Pick<EdgeRequest, "hostname" | "ray" | "headers">): EdgeAnswer | undefined {
    if (way.kind === "address") return numberedError(403, 1003, "Direct IP access not allowed", base);
    if (way.kind === "elsewhere") return numberedError(409, 1001, "DNS resolution error", base);
    if (way.kind === "origin-unknown") return numberedError(530, 1016, "Origin DNS error", base);
    return way.kind === "not-imitated" ? notImitated(way.what) : undefined;
}

function headerList(incoming: IncomingMessage): HeaderList {
    const headers: HeaderList = [];
    const raw = incoming.rawHeaders;
    for (let i = 0; i + 1 < raw.length; i += 2) headers.push([raw[i], raw[i + 1]]);
    return headers;
}

async function listen(server: Server, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", resolve);
    });
    return (server.address() as AddressInfo).port;
}

function close(server: Server): Promise<void> {
    return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
    });
}
