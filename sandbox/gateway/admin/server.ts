/**
 * The Admin API on its own port, as far as the ingress controller uses it: routes, services, upstreams, consumers and their
 * credentials, plugin configs, global rules, plugin metadata. As in APISIX, fields with secrets are encrypted in the answer to
 * a write and plain in the answer to a read.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { CjsonError, decodeJson } from "../lua/cjson";
import { emptyList, runCall, type Call } from "./calls";
import { EMPTY_LISTS, KINDS, OTHER_RESOURCES, refusal, unsupported, type Answer } from "./resources";
import { SERVER, errorPage, statusText } from "../http/nginx";
import { Unsupported } from "../unsupported";
import type { Store } from "../objects/store";
import { decodeArgs, parseTarget, type Args } from "../http/uri";

/** Longest request body, in bytes: 1.5 MiB. */
const MAX_BODY = 1.5 * 1024 * 1024;
const PREFIX = "/apisix/admin";
const METHODS = ["GET", "PUT", "POST", "DELETE", "PATCH"];
interface AdminKeys {
    admin: string;
    viewer?: string;
}

/** @param etcdPassword the gateway's password for etcd; undefined if it uses none */
export function createAdminServer(
    store: Store,
    keys: AdminKeys,
    etcdPassword: string | undefined,
    log: (line: string) => void,
): Server {
    const server = createServer((request, answer) => {
        serve(store, keys, etcdPassword, request)
            .catch((error: unknown): Answer => {
                log(`admin: ${error instanceof Error ? error.message : String(error)}`);
                return error instanceof Unsupported
                    ? refusal(error.message, 501)
                    : refusal(`gateway emulator failed: ${String(error)}`, 500);
            })
            .then((result) => write(request, answer, result))
            .catch((error: unknown) => log(`admin: ${String(error)}`));
    });
    server.keepAliveTimeout = 60_000;
    return server;
}

/** An answer of APISIX, or a status for which nginx sends its error page. */
type AdminAnswer = Answer | { status: number };

function write(request: IncomingMessage, answer: ServerResponse, result: AdminAnswer): void {
    const page = "body" in result ? `${JSON.stringify(result.body)}\n` : errorPage(result.status);
    const html = !("body" in result) && page !== "";
    answer.writeHead(result.status, statusText(result.status), [
        ...["Server", SERVER, "Content-Type", html ? "text/html; charset=utf-8" : "application/json"],
        ...["X-API-VERSION", "v3"],
        ...(html ? ["Content-Length", String(Buffer.byteLength(page))] : []),
    ]);
    answer.end(request.method === "HEAD" ? undefined : page);
}

async function serve(
    store: Store,
    keys: AdminKeys,
    etcdPassword: string | undefined,
    request: IncomingMessage,
): Promise<AdminAnswer> {
    const target = parseTarget(request.url ?? "/");
    if (!target) return { status: 400 };
    const method = request.method ?? "GET";
    const args = decodeArgs(target.args ?? "");
    if (target.uri === PREFIX && method === "HEAD") return { status: 200 };
    if (!target.uri.startsWith(`${PREFIX}/`) || !METHODS.includes(method)) return { status: 404 };

    const denied = checkToken(keys, request, args, method);
    if (denied !== undefined) return { status: 401, body: { error_msg: "failed to check token", description: denied } };

    // The real Admin API answers 503 with a message of its etcd client. No recording of this message exists.
    if (!store.etcd.hasQuorum) throw new Unsupported("Admin API requests while etcd has no quorum");
    // A gateway that started before etcd had a password keeps the objects in its memory (observed with APISIX 3.18.0). An etcd
    // without authentication ignores tokens (3.6.16).
    if (store.etcd.password !== undefined && store.etcd.password !== etcdPassword)
        return { status: 503, body: { error_msg: "etcd response missing header.revision" } };

    const segments = target.uri.slice(PREFIX.length + 1).split("/");
    let [resource, id] = segments as [string, string | undefined];
    let rest = segments.slice(2);
    let owner: string | undefined;
    if (resource === "consumers" && rest[0] === "credentials") {
        [owner, resource, id] = [id, "credentials", rest[1]];
        rest = rest.slice(2);
    }
    if (method === "GET" && id === undefined && EMPTY_LISTS.includes(resource)) return emptyList(store);
    // APISIX's answer if stream mode is off (admin/init.lua). The chart does not turn it on.
    if (resource === "stream_routes") return refusal("stream mode is disabled, can not add stream routes");
    if (OTHER_RESOURCES.includes(resource)) throw new Unsupported(`Admin API resource ${resource}`);
    if (!Object.hasOwn(KINDS, resource)) return refusal(`Unsupported resource type: ${resource}`, 404);
    const wrongMethod = unsupported(resource, method);
    if (wrongMethod) return wrongMethod;

    const body = await readBody(request);
    if ("answer" in body) return body.answer;
    const call: Call = {
        store,
        resource,
        folder: owner === undefined ? `/${resource}/` : `/consumers/${owner}/credentials/`,
        id: id === "" ? undefined : id,
        subPath: rest.filter((s) => s !== ""),
        conf: body.value,
        args,
    };
    return runCall(call, method);
}

function checkToken(keys: AdminKeys, request: IncomingMessage, args: Args, method: string): string | undefined {
    const cookie = /(?:^|;\s*)x_api_key=([^;]*)/.exec(request.headers.cookie ?? "")?.[1];
    const token = args.get("api_key")?.[0] ?? request.headers["x-api-key"] ?? cookie;
    if (token === undefined) return "missing apikey";
    if (token === keys.admin) return undefined;
    if (keys.viewer === undefined || token !== keys.viewer) return "wrong apikey";
    return method === "GET" ? undefined : "invalid method for role viewer";
}

async function readBody(request: IncomingMessage): Promise<{ value: unknown } | { answer: Answer }> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request) {
        size += (chunk as Buffer).length;
        if (size <= MAX_BODY) chunks.push(chunk as Buffer);
    }
    if (size > MAX_BODY) {
        const message = `request size ${size} is greater than the maximum size ${MAX_BODY} allowed`;
        return { answer: refusal(`invalid request body: ${message}`) };
    }
    const text = Buffer.concat(chunks).toString("utf8");
    if (text === "") return { value: undefined };
    try {
        return { value: toUtf16(decodeJson(Buffer.from(text).toString("latin1"))) };
    } catch (error) {
        if (!(error instanceof CjsonError)) throw error;
        return {
            answer: { status: 400, body: { error_msg: `invalid request body: ${error.message}`, req_body: text } },
        };
    }
}

/**
 * The strings of the JSON decoder have one byte per character. This function converts them into ordinary strings, as stored
 * objects contain them.
 */
function toUtf16(value: unknown): unknown {
    if (typeof value === "string") return Buffer.from(value, "latin1").toString("utf8");
    if (Array.isArray(value)) return value.map(toUtf16);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [toUtf16(k) as string, toUtf16(v)]));
}
