/**
 * Emulator of the Cloudflare API v4: the routes and fields that this project's programs and commands, the official Pulumi
 * provider 6.17.0 to 6.22.1 for them, and an operator who moves a zone use. Facts: recorded calls of provider 6.17.0,
 * Cloudflare's API documentation and public reports of its error codes. ../account.ts holds the contents of an account.
 *
 * Unsupported (501 with the name of the feature): everything else. Known differences: error codes that no source names are
 * invented (clients read only the status), plain HTTP instead of TLS, no limit of requests, and of the plans' limits only one.
 */
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { listen } from "../../processes/listen";
import type { Account, ApiToken } from "../account";
import { accessRoutes } from "./access";
import { ApiError, Unsupported, type Answer, type Call, type FormPart, type Route } from "./call";
import { bodyOfFault, control, failure, Faults, PATH as CONTROL, type SeenRequest } from "./control";
import { dnsRoutes } from "./dns";
import { ruleRoutes } from "./rules";
import { tunnelRoutes } from "./tunnels";
import { workerRoutes } from "./workers";
import { zoneRoutes } from "./zones";

const ROUTES = [...zoneRoutes, ...dnsRoutes, ...tunnelRoutes, ...accessRoutes, ...ruleRoutes, ...workerRoutes];
const PREFIX = "/client/v4/";
/** Query parameters of all routes. Providers newer than 6.21 send the last one, which changes nothing here. */
const ANY_QUERY = ["page", "per_page", "include_shadow_metadata"];

interface CloudflareApiOptions {
    /** 0: any free port. */
    port: number;
    /** Value of an API token with all permissions. Tests add further tokens to the account. */
    token: string;
    account: Account;
    log?: (line: string) => void;
}

interface State {
    account: Account;
    /** Requests in the order in which they were answered. */
    requests: SeenRequest[];
    faults: Faults;
}

export interface CloudflareApi extends Omit<State, "account"> {
    /** Value for CLOUDFLARE_BASE_URL, with /client/v4. */
    url: string;
    close(): Promise<void>;
}

/** Listens on 127.0.0.1 only. */
export async function startCloudflareApi(options: CloudflareApiOptions): Promise<CloudflareApi> {
    const { account, token: value, log = () => undefined } = options;
    account.apiTokens.push({ value });
    const state: State = { account, requests: [], faults: new Faults() };
    const server = createServer((request, response) => {
        serve(state, request)
            .catch((error: unknown) => {
                log(`cloudflare: ${String((error as Error).stack ?? error)}`);
                return json(500, failure(500, `Cloudflare emulator failed: ${String(error)}`));
            })
            .then(({ status, headers, body }) => response.writeHead(status, headers).end(body));
    });
    const { port, close } = await listen(server, options.port);
    return { ...state, url: `http://127.0.0.1:${port}${PREFIX.slice(0, -1)}`, close };
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
        if (isControl) return answered(control(account, requests, faults, `${method} ${path}`, body));
        if (!url.pathname.startsWith(PREFIX)) throw new Unsupported(`${method} ${url.pathname}`);
        const call = { account, query: url.searchParams, body };
        if (!fault || fault.afterwards) reply = answered(run(call, token, method, path));
    } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        reply = json(error.status, failure(error.code, error.message));
        if (isControl) return reply;
    }
    if (fault && (reply === undefined || reply.status < 400)) {
        const soon: Record<string, string> = fault.status === 429 ? { "Retry-After-Ms": "10" } : {};
        reply = json(fault.status, bodyOfFault(fault), { ...soon, ...fault.headers });
    }
    requests.push({ method, path: `/${path}`, query: url.search.slice(1), body, status: reply!.status });
    return reply!;
}

function authenticate(account: Account, header: string | undefined): ApiToken {
    const token = account.apiTokens.find(({ value }) => header === `Bearer ${value}`);
    if (token) return token;
    if (header === undefined) throw new ApiError(401, 10001, "Unable to authenticate request");
    throw new ApiError(401, 1000, "Invalid API Token");
}

async function parsed(contentType: string, body: Buffer): Promise<unknown> {
    try {
        if (contentType.startsWith("multipart/form-data")) return await readForm(contentType, body);
        return body.length === 0 ? undefined : JSON.parse(body.toString("utf8"));
    } catch {
        throw new ApiError(400, 9207, "Request body is invalid: must be JSON, or multipart/form-data for a Worker.");
    }
}

/** The parts of a form by their names. */
async function readForm(contentType: string, body: Buffer): Promise<Record<string, FormPart>> {
    const form = await new Response(new Uint8Array(body), { headers: { "Content-Type": contentType } }).formData();
    const parts = [...form].map(async ([name, part]): Promise<[string, FormPart]> => {
        if (typeof part === "string") return [name, { type: "application/json", text: part }];
        return [name, { type: part.type, text: await part.text() }];
    });
    return Object.fromEntries(await Promise.all(parts));
}

const BOUNDARY = "sandbox-0a1b2c3d4e5f";

function answered({ empty, part, result = null, result_info }: Answer): Reply {
    if (empty) return { status: 204, headers: {} };
    if (!part) return json(200, { success: true, errors: [], messages: [], result, result_info });
    const head = `Content-Disposition: form-data; name="${part.name}"\r\nContent-Type: ${part.type}`;
    const body = `--${BOUNDARY}\r\n${head}\r\n\r\n${part.text}\r\n--${BOUNDARY}--\r\n`;
    return { status: 200, headers: { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` }, body };
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
    const strange = [...query.keys()].filter((name) => ![...route.query, ...ANY_QUERY].includes(name));
    if (strange.length > 0) throw new Unsupported(`query parameter ${strange.join(", ")} of ${method} /${route.path}`);
    return route.run({ ...given, params, zone: zone! });
}

function match(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
    for (const route of ROUTES.filter((one) => one.method === method)) {
        const pattern = route.path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
        const found = new RegExp(`^${pattern}$`).exec(path);
        if (found) return { route, params: { ...found.groups } };
    }
    return undefined;
}
