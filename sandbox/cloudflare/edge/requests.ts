/**
 * Handles a request at the edge, in the order of the real edge: name and certificate, size limits, rules, Access, Worker,
 * tunnel.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Account, Tunnel, Zone } from "../account";
import { pairsOf, type HeaderList } from "../connector/wire";
import { settingOf, SETTINGS } from "../settings";
import { decide } from "./access";
import type { Connectors } from "./connectors";
import { forward, MAX_BODY } from "./forward";
import { wayOf } from "./hostnames";
import type { SigningKeys } from "./keys";
import type { Rules } from "./rules";
import {
    errorPage,
    newRay,
    normalPath,
    numberedError,
    send,
    signature,
    Unsupported,
    unsupported,
    values,
    type EdgeAnswer,
    type EdgeRequest,
} from "./types";
import { runWorker } from "./worker";

/** Idle timeout of a caller's connection, longer than the usual timeout of clients, which must not send on a closed one. */
const KEEP_ALIVE_MS = 75_000;
/** Longest request head that Node.js accepts, in bytes: more than the edge's limit, so that the edge itself answers. */
const NODE_MAX_HEAD = 256 * 1024;
const MAX_URL = 16 * 1024;
/** Largest size of all request headers together, in bytes. */
const MAX_HEADERS = 32 * 1024;

interface RequestParts {
    account: Account;
    keys: SigningKeys;
    connectors: Connectors;
    rules: Rules;
    /** The read timeout is multiplied by this factor. */
    scale: number;
    onAnswer?: (answered: { caller: string | null; status: number }) => void;
    log: (line: string) => void;
}

/** A caller's request and its answer. `caller`: name of the service token that Access has accepted. */
interface Exchange {
    incoming: IncomingMessage;
    answer: ServerResponse;
    refuse: (reply: EdgeAnswer) => void;
    caller: string | null;
}

export function createEdgeServer(parts: RequestParts): Server {
    const { log } = parts;
    const server = createServer({ maxHeaderSize: NODE_MAX_HEAD, requireHostHeader: false }, (incoming, answer) => {
        incoming.on("error", () => undefined); // the caller has disconnected
        answer.on("error", () => undefined);
        handle(parts, incoming, answer).catch((error: Error) => {
            const lacking = error instanceof Unsupported;
            log(`edge: ${lacking ? `unsupported by the sandbox: ${error.message}` : error.stack}`);
            const failed = { status: 500, type: "text/plain", body: "the sandbox's edge failed: see its log\n" };
            if (answer.headersSent) answer.destroy();
            else send(answer, lacking ? unsupported(error.message) : failed, newRay());
        });
    });
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.requestTimeout = 0; // bodies have no time limit while data arrives
    server.on("upgrade", (_, socket: Socket) => {
        const { body } = unsupported("WebSockets and other upgrades");
        const head = `HTTP/1.1 501 Not Implemented\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
        socket.end(`${head}${body}`);
    });
    return server;
}

async function handle(parts: RequestParts, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { account, rules, log } = parts;
    const ray = newRay();
    const refuse = (reply: EdgeAnswer) => send(answer, reply, ray);
    const exchange: Exchange = { incoming, answer, refuse, caller: null };
    answer.once("close", () => {
        if (answer.headersSent) parts.onAnswer?.({ caller: exchange.caller, status: answer.statusCode });
    });
    const headers = pairsOf(incoming.rawHeaders);
    const [host = "", ...others] = values(headers, "host");
    const hostname = host.toLowerCase().replace(/:\d+$/, "");
    const asked = { hostname, ray, headers };
    const { url: target = "/", method = "GET" } = incoming;
    if (host === "" || others.length > 0 || !target.startsWith("/")) return refuse(errorPage(400, asked));
    const way = wayOf(account, hostname);
    if (way === "address") return refuse(numberedError(403, 1003, "Direct IP access not allowed", asked));
    if (way === "elsewhere") return refuse(numberedError(409, 1001, "DNS resolution error", asked));
    if (way === "no-certificate") {
        log(`edge: connection reset, because ${hostname} has no active certificate`);
        return void incoming.socket.resetAndDestroy();
    }
    const { zone, tunnel } = way;
    const large = tooLarge(incoming, headers, zone);
    if (large !== undefined) return refuse(errorPage(large, asked));
    const ip = (incoming.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    const path = normalPath(target.split("?")[0]);
    if (path.startsWith("/cdn-cgi/")) throw new Unsupported(`the path ${path}`);
    const request = { ...asked, zone, method, target, path, ip };
    const stopped = rules.run(request);
    if (stopped) return refuse(stopped);
    await pass(parts, request, tunnel, exchange);
}

function tooLarge(incoming: IncomingMessage, headers: HeaderList, { plan }: Zone): number | undefined {
    if (incoming.url!.length > MAX_URL) return 414;
    if (headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0) > MAX_HEADERS) return 400;
    return Number(incoming.headers["content-length"] ?? 0) > MAX_BODY[plan] ? 413 : undefined;
}

/** The last steps: Access, then the Worker, then the tunnel. */
async function pass(
    { account, keys, connectors, scale, log }: RequestParts,
    request: EdgeRequest,
    tunnel: Tunnel | undefined,
    exchange: Exchange,
): Promise<void> {
    const { incoming, answer, refuse } = exchange;
    const decision = await decide(request, account, keys);
    if (!decision.pass) return refuse(decision.answer);
    const { jwt, strip, caller = null } = decision;
    exchange.caller = caller;
    const cookie: HeaderList = decision.cookie ? [["Set-Cookie", decision.cookie]] : [];
    const head = (status: number, given: HeaderList) =>
        answer.writeHead(status, [...given, ...cookie, ...signature(request.ray)].flat());
    const worker = await runWorker(account, request, incoming, decision, log);
    if (worker?.kind === "failed") return refuse(worker.answer);
    if (worker?.kind === "answer") return void head(worker.status, worker.headers).end(worker.body);
    const session = tunnel && connectors.pick(tunnel);
    if (!session) return refuse(numberedError(530, 1033, "Cloudflare Tunnel error", request));
    if (answer.destroyed) return; // the caller has disconnected
    const { zone } = request;
    const set = zone.plan === "enterprise" ? settingOf(zone, "proxy_read_timeout") : SETTINGS.proxy_read_timeout;
    const readTimeoutMs = Number(set) * 1000 * scale;
    forward({ request, incoming, answer, session, jwt, strip, worker, head, refuse, readTimeoutMs });
}
