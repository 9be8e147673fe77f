/**
 * Emulator of the Cloudflare API v4. It has the routes that are used by the official Pulumi provider 6.17.0 to 6.22.1, by
 * this project's commands, and by an operator who moves a zone (routes.ts lists them). Facts: recorded calls of provider
 * 6.17.0, Cloudflare's API documentation and public reports of its error codes. This folder implements the envelope of
 * answers, paging, permissions, the rate limit and the checks before a write. ../account.ts holds the contents of an
 * account, and changes them over time.
 *
 * Unsupported (501 with the name of the feature): routes, query parameters, body fields, record types, settings, and kinds
 * of zones, applications and rulesets that are not listed. Known differences: error codes that no source names are invented
 * (clients read only the status), names of zones are not checked against registries, plain HTTP instead of TLS, no API keys
 * with e-mail, no limit of 200 requests a second for one address.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Account, ApiToken } from "../account";
import { ApiError, envelope, failure, Unsupported, refused, type Answer } from "./answer";
import { authenticate, takeFromQuota } from "./authenticate";
import { forbidden, may, type Call } from "./call";
import { control, PATH as CONTROL } from "./control";
import { readForm, writeForm } from "./form-data";
import { match, type Match } from "./routes";
import { zoneOf } from "./zones";
import { listen } from "../../processes/listen";

const PREFIX = "/client/v4";
const ID = /^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
/** Path parameters that need not look like ids. */
const WORDS = ["setting", "script"];

interface CloudflareApiOptions {
    /** 0: any free port. */
    port: number;
    /** Value of an API token with all permissions. Tests add further tokens to the account. */
    token: string;
    account: Account;
    log?: (line: string) => void;
}

/** A received request, for assertions of tests. */
export interface SeenRequest {
    method: string;
    /** Path without /client/v4 and the query. */
    path: string;
    query: string;
    body: unknown;
    status: number;
}

export interface CloudflareApi {
    /** Value for CLOUDFLARE_BASE_URL, with /client/v4. */
    url: string;
    port: number;
    /** Requests in the order in which they were answered. */
    requests: SeenRequest[];
    close(): Promise<void>;
}

interface Reply {
    status: number;
    headers: Record<string, string>;
    body: string;
}

/** Listens on 127.0.0.1 only. */
export async function startCloudflareApi(options: CloudflareApiOptions): Promise<CloudflareApi> {
    const { account, log = () => undefined } = options;
    account.addApiToken({ value: options.token });
    const requests: SeenRequest[] = [];
    const server = createServer((request, response) => {
        serve(account, request, requests)
            .catch((error: unknown) => {
                log(`cloudflare: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
                return json(500, failure([{ code: 500, message: `Cloudflare emulator failed: ${String(error)}` }]));
            })
            .then((reply) => send(response, reply));
    });
    const { port, close } = await listen(server, options.port);
    return {
        url: `http://127.0.0.1:${port}${PREFIX}`,
        port,
        requests,
        close,
    };
}

function json(status: number, body: object, headers: Record<string, string> = {}): Reply {
    // Without the header x-should-retry, clients retry 409 and 5xx for minutes.
    const final: Record<string, string> = status === 409 || status >= 500 ? { "x-should-retry": "false" } : {};
    const all = { "Content-Type": "application/json", ...final, ...headers };
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
    return { status, headers: sent, body: JSON.stringify(body) };
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
    response.writeHead(status, headers);
    response.end(status === 204 ? undefined : body);
}

async function serve(account: Account, request: IncomingMessage, requests: SeenRequest[]): Promise<Reply> {
    const url = new URL(request.url ?? "/", "http://api");
    const method = request.method ?? "GET";
    const prefixed = url.pathname === PREFIX || url.pathname.startsWith(`${PREFIX}/`);
    const path = (prefixed ? url.pathname.slice(PREFIX.length) : url.pathname).replace(/^\/+|\/+$/g, "");
    const sent = await bodyOf(request);
    let body: unknown;
    if (!prefixed && path.startsWith(CONTROL))
        return controlled(account, request, requests, path, sent.toString("utf8"));
    const fault = account.faults.take(method, path);
    let reply: Reply | undefined;
    let quota: Record<string, string> = {};
    try {
        const token = authenticate(account, request.headers);
        body = await read(request.headers["content-type"] ?? "", sent);
        if (!fault || fault.afterwards) {
            quota = takeFromQuota(account, token);
            reply = answered(run(account, token, method, path, url.searchParams, body), quota);
        }
    } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        reply = json(error.status, failure(error.problems), { ...quota, ...error.headers });
    }
    if (fault && (reply === undefined || reply.status < 400)) reply = faulty(fault);
    const { status } = reply as Reply;
    const shown = body instanceof Map ? Object.fromEntries(body) : body;
    requests.push({ method, path: `/${path}`, query: url.search.slice(1), body: shown, status });
    return reply as Reply;
}

function controlled(
    account: Account,
    { method = "GET", headers }: IncomingMessage,
    requests: SeenRequest[],
    path: string,
    text: string,
): Reply {
    try {
        authenticate(account, headers);
        return json(200, envelope(control(account, requests, method, path, parsed(text))));
    } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return json(error.status, failure(error.problems));
    }
}

function answered(answer: Answer, headers: Record<string, string>): Reply {
    const status = answer.status ?? 200;
    if (status === 204) return { status, headers, body: "" };
    if (answer.form !== undefined) {
        const { contentType, body } = writeForm(answer.form);
        return { status, headers: { "Content-Type": contentType, ...headers }, body };
    }
    if (answer.text !== undefined)
        return { status, headers: { "Content-Type": "text/plain; charset=utf-8", ...headers }, body: answer.text };
    return json(status, envelope(answer), headers);
}

function faulty(fault: { status: number; body?: unknown; headers?: Record<string, string> }): Reply {
    const codes: Record<number, [code: number, message: string]> = {
        401: [1000, "Invalid API Token"],
        403: [10000, "Authentication error"],
        404: [7003, "Could not route to the object"],
        409: [1013, "conflict"],
        429: [971, "rate limited"],
    };
    const [code, message] = codes[fault.status] ?? [fault.status, "injected failure"];
    const soon: Record<string, string> = fault.status === 429 ? { "Retry-After-Ms": "10" } : {};
    const headers = { ...soon, ...fault.headers };
    if (typeof fault.body === "string") return { ...json(fault.status, {}, headers), body: fault.body };
    return json(fault.status, (fault.body as object) ?? failure([{ code, message }]), headers);
}

/** Looks up the objects in the path, and calls the route. */
function run(
    account: Account,
    token: ApiToken,
    method: string,
    path: string,
    query: URLSearchParams,
    body: unknown,
): Answer {
    const found = match(method, path);
    if (!found) throw new Unsupported(`${method} /${path}`);
    const { route, params } = found;
    if (!may(token, route.needs)) throw route.refusal?.() ?? forbidden();
    checkIds(path, found);
    if (params.account !== undefined && !account.answersTo(params.account)) throw forbidden();
    const call: Partial<Call> = { account, token, params, query, body };
    if (params.zone !== undefined) call.zone = zoneOf(call as Call, params.zone);
    const strange = [...query.keys()].filter((name) => !(route.query ?? []).includes(name));
    if (strange.length > 0) throw new Unsupported(`query parameter ${strange.join(", ")} of ${method} /${route.path}`);
    return route.run(call as Call);
}

function checkIds(path: string, { params }: Match): void {
    const wrong = Object.entries(params).some(([name, value]) => !WORDS.includes(name) && !ID.test(value));
    if (wrong) throw refused(7003, `Could not route to /${path}, perhaps your object identifier is invalid?`);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
}
const read = (contentType: string, body: Buffer): unknown =>
    contentType.startsWith("multipart/form-data") ? readForm(contentType, body) : parsed(body.toString("utf8"));
function parsed(text: string): unknown {
    if (text === "") return undefined;
    try {
        return JSON.parse(text);
    } catch {
        throw refused(9207, "Request body is invalid: must be JSON.");
    }
}
