/** Handles a request at the edge. The steps have the order of the real edge. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Account } from "../account";
import { newRay, refuseUpgrade, send, signature } from "./answer";
import { decide } from "./access/decide";
import type { SigningKeys } from "./access/keys";
import type { Connectors } from "./connectors";
import { forward, noConnector } from "./forward";
import { wayOf, type Way } from "./hostnames";
import { MAX_BODY, MAX_HEADERS, MAX_URL, readTimeoutSeconds } from "./limits";
import { errorPage, unsupported, numberedError, ownFault } from "./pages";
import { normalPath } from "./path";
import type { Rules } from "./rules/rules";
import { Unsupported, values, type EdgeAnswer, type EdgeRequest, type HeaderList } from "./types";
import { runWorker } from "./worker";

/**
 * Idle timeout of a caller's connection. It is longer than the usual timeout of clients: otherwise the edge could close a
 * connection just when a request arrives on it.
 */
const KEEP_ALIVE_MS = 75_000;
/**
 * Longest request head that Node.js accepts, in bytes: more than the edge's limit, so that the edge itself answers a longer
 * head.
 */
const NODE_MAX_HEAD = 256 * 1024;

interface RequestParts {
    account: Account;
    keys: SigningKeys;
    connectors: Connectors;
    rules: Rules;
    /** The read timeout of the plan is multiplied by this factor. */
    scale: number;
    onAnswer?: (answered: { caller: string | null; status: number }) => void;
    log: (line: string) => void;
}

export function createEdgeServer(parts: RequestParts): Server {
    const { log } = parts;
    const server = createServer({ maxHeaderSize: NODE_MAX_HEAD, requireHostHeader: false }, (incoming, answer) => {
        incoming.on("error", () => undefined); // the caller has disconnected
        answer.on("error", () => undefined);
        handle(parts, incoming, answer).catch((error: unknown) => {
            const lacking = error instanceof Unsupported;
            log(
                lacking
                    ? `edge: unsupported by the sandbox: ${error.message}`
                    : `edge: ${String((error as Error).stack)}`,
            );
            if (answer.headersSent) answer.destroy();
            else send(answer, lacking ? unsupported(error.message) : ownFault(), newRay());
        });
    });
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.requestTimeout = 0; // bodies have no time limit while data arrives
    server.on("upgrade", (_, socket: Socket) => refuseUpgrade(socket));
    return server;
}

/** A request before its hostname is resolved. */
interface Asked {
    hostname: string;
    ray: string;
    headers: HeaderList;
}

async function handle(parts: RequestParts, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { account, rules, log } = parts;
    const ray = newRay();
    const seen: Seen = { caller: null };
    answer.once("close", () => {
        if (answer.headersSent) parts.onAnswer?.({ caller: seen.caller, status: answer.statusCode });
    });
    const headers = headerList(incoming);
    const hostname = (values(headers, "host")[0] ?? "").toLowerCase().replace(/:\d+$/, "");
    const asked = { hostname, ray, headers };
    const refuse = (reply: EdgeAnswer) => send(answer, reply, ray);

    const way = wayOf(account, hostname);
    if (way.kind === "no-certificate") {
        log(`edge: connection reset, because ${hostname} has no active certificate`);
        return void incoming.socket.resetAndDestroy();
    }
    const malformed = values(headers, "host").length !== 1 || !(incoming.url ?? "/").startsWith("/");
    const early = malformed ? errorPage(400, asked) : (tooMuch(incoming, headers, way, asked) ?? noWay(way, asked));
    if (early) return refuse(early);
    if (way.kind !== "tunnel") return refuse(unsupported(way.kind));

    const request = requestOf(incoming, asked, way.zone);
    if (request.path.startsWith("/cdn-cgi/")) throw new Unsupported(`the path ${request.path}`);
    const stopped = rules.run(request);
    if (stopped) return refuse(stopped);
    await pass(parts, { way, request, incoming, answer, refuse, seen });
}

/** Name of the service token that Access has accepted. */
interface Seen {
    caller: string | null;
}

type TunnelWay = Extract<Way, { kind: "tunnel" }>;

interface Passed {
    way: TunnelWay;
    request: EdgeRequest;
    incoming: IncomingMessage;
    answer: ServerResponse;
    refuse: (reply: EdgeAnswer) => void;
    seen: Seen;
}

/** The last steps: Access, then the Worker, then the tunnel. */
async function pass(parts: RequestParts, { way, request, incoming, answer, refuse, seen }: Passed): Promise<void> {
    const { account, keys, connectors, scale, log } = parts;
    const decision = await decide(request, account, keys);
    if (!decision.pass) return refuse(decision.answer);
    const { jwt, strip } = decision;
    seen.caller = decision.caller ?? null;
    const cookie: HeaderList = decision.cookie ? [["Set-Cookie", decision.cookie]] : [];
    const head = (status: number, given: HeaderList) =>
        answer.writeHead(status, [...given, ...cookie, ...signature(request.ray)].flat());
    const worker = await runWorker(account, request, incoming, jwt, strip, log);
    if (worker?.kind === "failed") return refuse(worker.answer);
    if (worker?.kind === "answer") return void head(worker.status, worker.headers).end(worker.body);
    const session = way.tunnel && connectors.pick(way.tunnel);
    if (!session) return refuse(noConnector(request));
    if (answer.destroyed) return; // the caller has disconnected
    forward({
        ...{ request, incoming, answer, session, jwt, strip, worker, head, refuse },
        readTimeoutMs: readTimeoutSeconds(way.zone) * 1000 * scale,
    });
}

function requestOf(incoming: IncomingMessage, asked: Asked, zone: TunnelWay["zone"]): EdgeRequest {
    const target = incoming.url ?? "/";
    const [rawPath, ...query] = target.split("?");
    return {
        ...asked,
        zone,
        method: incoming.method ?? "GET",
        target,
        path: normalPath(rawPath),
        query: query.join("?"),
        ip: (incoming.socket.remoteAddress ?? "").replace(/^::ffff:/, ""),
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
    return way.kind === "unsupported" ? unsupported(way.what) : undefined;
}

function headerList(incoming: IncomingMessage): HeaderList {
    const headers: HeaderList = [];
    const raw = incoming.rawHeaders;
    for (let i = 0; i + 1 < raw.length; i += 2) headers.push([raw[i], raw[i + 1]]);
    return headers;
}
