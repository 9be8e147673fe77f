/**
 * Emulator of the Cloudflare API v4: the routes and fields that this project's programs and commands, the official Pulumi
 * provider 6.17.0 to 6.22.1 for them, and an operator who moves a zone use. Facts: recorded calls of provider 6.17.0,
 * Cloudflare's API documentation and public reports of its error codes. ../account.ts holds the contents of an account.
 *
 * Unsupported (501 with the name of the feature): everything else. Known differences: error codes that no source names are
 * invented (clients read only the status), plain HTTP instead of TLS, no limit of requests, and of the plans' limits only one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { listen } from "../../processes/listen";
import type { Account, ApiToken } from "../account";
import { accessRoutes } from "./access";
import { ApiError, envelope, failure, Unsupported, type Answer } from "./answer";
import type { Call, Route } from "./call";
import { bodyOfFault, control, Faults, PATH as CONTROL, type SeenRequest } from "./control";
import { dnsRoutes } from "./dns";
import { FORM_TYPE, readForm, writeForm } from "./form-data";
import { ruleRoutes } from "./rules";
import { tunnelRoutes } from "./tunnels";
import { workerRoutes } from "./workers";
import { zoneRoutes } from "./zones";

const ROUTES = [...zoneRoutes, ...dnsRoutes, ...tunnelRoutes, ...accessRoutes, ...ruleRoutes, ...workerRoutes];
const PREFIX = "/client/v4/";
const PAGING = ["page", "per_page"];

interface CloudflareApiOptions {
    /** 0: any free port. */
    port: number;
    /** Value of an API token with all permissions. Tests add further tokens to the account. */
    token: string;
    account: Account;
    log?: (line: string) => void;
}

export interface CloudflareApi {
    /** Value for CLOUDFLARE_BASE_URL, with /client/v4. */
    url: string;
    /** Requests in the order in which they were answered. */
    requests: SeenRequest[];
    faults: Faults;
    close(): Promise<void>;
}

/** Listens on 127.0.0.1 only. */
export async function startCloudflareApi(options: CloudflareApiOptions): Promise<CloudflareApi> {
    const { account, log = () => undefined } = options;
    account.addApiToken({ value: options.token });
    const state: State = { account, requests: [], faults: new Faults() };
    const server = createServer((request, response) => {
        serve(state, request)
            .catch((error: unknown) => {
                log(`cloudflare: ${String((error as Error).stack ?? error)}`);
                return json(500, failure(500, `Cloudflare emulator failed: ${String(error)}`));
            })
            .then((reply) => send(response, reply));
    });
    const { port, close } = await listen(server, options.port);
    return {
        url: `http://127.0.0.1:${port}${PREFIX.slice(0, -1)}`,
        requests: state.requests,
        faults: state.faults,
        close,
    };
}

interface State {
    account: Account;
    requests: SeenRequest[];
    faults: Faults;
}

interface Reply {
    status: number;
    headers: Record<string, string>;
    body?: string;
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
    // Without the header x-should-retry, clients retry 409 and 5xx for minutes.
    const final: Record<string, string> = status === 409 || status >= 500 ? { "x-should-retry": "false" } : {};
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return { status, headers: { "Content-Type": "application/json", ...final, ...headers }, body: text };
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
    // An injected failure removes a header with the value "".
    response.writeHead(status, Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== "")));
    response.end(body);
}

async function serve({ account, requests, faults }: State, request: IncomingMessage): Promise<Reply> {
    const url = new URL(request.url ?? "/", "http://api");
    const { method = "GET", headers } = request;
    const isControl = url.pathname.startsWith(`/${CONTROL}`);
    const path = url.pathname.slice(isControl ? CONTROL.length + 1 : PREFIX.length);
    const received = await buffer(request);
    const fault = isControl ? undefined : faults.take(method, path);
    let body: unknown;
    let reply: Reply | undefined;
    try {
        const token = authenticate(account, headers.authorization);
        body = await parsed(headers["content-type"] ?? "", received);
        if (isControl) return json(200, envelope(control(account, requests, faults, `${method} ${path}`, body)));
        if (!url.pathname.startsWith(PREFIX)) throw new Unsupported(`${method} ${url.pathname}`);
        const call = { account, query: url.searchParams, body };
        if (!fault || fault.afterwards) reply = answered(run(call, token, method, path));
    } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        reply = json(error.status, failure(error.code, error.message));
    }
    if (isControl) return reply!;
    if (fault && (reply === undefined || reply.status < 400)) {
        const soon: Record<string, string> = fault.status === 429 ? { "Retry-After-Ms": "10" } : {};
        reply = json(fault.status, bodyOfFault(fault), { ...soon, ...fault.headers });
    }
    const shown = body instanceof Map ? Object.fromEntries(body) : body;
    requests.push({ method, path: `/${path}`, query: url.search.slice(1), body: shown, status: reply!.status });
    return reply!;
}

function authenticate(account: Account, header: string | undefined): ApiToken {
    const token = account.apiTokens.find(({ value }) => header === `Bearer ${value}`);
    if (token) return token;
    if (header === undefined) throw new ApiError(401, 10001, "Unable to authenticate request");
    throw new ApiError(401, 1000, "Invalid API Token");
}

async function parsed(contentType: string, body: Buffer): Promise<unknown> {
    if (contentType.startsWith("multipart/form-data")) return readForm(contentType, body);
    try {
        return body.length === 0 ? undefined : JSON.parse(body.toString("utf8"));
    } catch {
        throw new ApiError(400, 9207, "Request body is invalid: must be JSON.");
    }
}

function answered(answer: Answer): Reply {
    if (answer.empty) return { status: 204, headers: {} };
    if (answer.part) return { status: 200, headers: { "Content-Type": FORM_TYPE }, body: writeForm(answer.part) };
    return json(200, envelope(answer));
}

/** Looks up the objects in the path, and calls the route. */
function run(given: Pick<Call, "account" | "query" | "body">, token: ApiToken, method: string, path: string): Answer {
    const { account, query } = given;
    const found = match(method, path.replace(/\/$/, ""));
    if (!found) throw new Unsupported(`${method} /${path}`);
    const { route, params } = found;
    const forbidden = new ApiError(403, 10000, "Authentication error");
    if (token.permissions && !route.needs.some((need) => token.permissions!.includes(need))) throw forbidden;
    if (params.account !== undefined && !account.answersTo(params.account)) throw forbidden;
    const zone = account.zones.get(params.zone);
    if (params.zone !== undefined && !zone) throw new ApiError(404, 1001, "Invalid zone identifier");
    const strange = [...query.keys()].filter((name) => ![...route.query, ...PAGING].includes(name));
    if (strange.length > 0) throw new Unsupported(`query parameter ${strange.join(", ")} of ${method} /${route.path}`);
    return route.run({ ...given, params, zone: zone! });
}

function match(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
    const given = path.split("/");
    for (const route of ROUTES) {
        const parts = route.path.split("/");
        const fits =
            parts.length === given.length && parts.every((part, i) => part.startsWith("{") || part === given[i]);
        if (route.method !== method || !fits) continue;
        const named = parts.flatMap((part, i) => (part.startsWith("{") ? [[part.slice(1, -1), given[i]]] : []));
        return { route, params: Object.fromEntries(named) as Record<string, string> };
    }
    return undefined;
}
