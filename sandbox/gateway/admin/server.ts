/**
 * The Admin API on its own port, as far as the ingress controller and this project's commands use it: lists, reads, writes
 * (PUT) and deletions of routes, services, upstreams, consumers and their credentials, certificates and plugin metadata.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { SERVER } from "../http/nginx";
import { parseTarget } from "../http/uri";
import { Invalid } from "../plugins/plugin";
import type { Stored } from "../objects/configuration";
import type { Store } from "../objects/store";
import { Unsupported } from "../unsupported";
import { isStored, NOT_FOUND, put, refusal, remove, type Answer } from "./objects";

/** Longest request body, in bytes: 1.5 MiB. */
const MAX_BODY = 1.5 * 1024 * 1024;
const PREFIX = "/apisix/admin/";

/** Kinds of objects that cannot be written. Their lists are always empty. */
const EMPTY_LISTS = ["protos", "consumer_groups", "secrets", "global_rules", "plugin_configs"];

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
            .catch((error: Error): Answer => {
                log(`admin: ${error.message}`);
                if (error instanceof Unsupported) return refusal(error.message, 501);
                return refusal(error.message, error instanceof Invalid || request.method === "PUT" ? 400 : 500);
            })
            .then(({ status, body }) => {
                answer.writeHead(status, { Server: SERVER, "Content-Type": "application/json" });
                answer.end(`${JSON.stringify(body)}\n`);
            })
            .catch((error: unknown) => log(`admin: ${String(error)}`));
    });
    server.keepAliveTimeout = 60_000;
    return server;
}

async function serve(
    store: Store,
    keys: AdminKeys,
    etcdPassword: string | undefined,
    request: IncomingMessage,
): Promise<Answer> {
    const { uri = "", args } = parseTarget(request.url ?? "/") ?? {};
    const { method = "GET" } = request;
    if (!uri.startsWith(PREFIX)) return NOT_FOUND;
    const description = problemOf(keys, request.headers["x-api-key"], method);
    if (description !== undefined) return { status: 401, body: { error_msg: "failed to check token", description } };
    if (args !== undefined) throw new Unsupported("query arguments of the Admin API");

    // The real Admin API answers 503 with a message of its etcd client. No recording of this message exists.
    if (!store.etcd.hasQuorum) throw new Unsupported("Admin API requests while etcd has no quorum");
    // A gateway that started before etcd had a password keeps the objects in its memory (observed with APISIX 3.18.0). An etcd
    // without authentication ignores tokens (3.6.16).
    if (store.etcd.password !== undefined && store.etcd.password !== etcdPassword)
        return { status: 503, body: { error_msg: "etcd response missing header.revision" } };

    const segments = uri.slice(PREFIX.length).split("/").filter(Boolean);
    const ofConsumer = segments[0] === "consumers" && segments[2] === "credentials";
    const kind = ofConsumer ? "credentials" : segments[0];
    const folder = `/${segments.slice(0, ofConsumer ? 3 : 1).join("/")}/`;
    const [id, ...rest] = segments.slice(ofConsumer ? 3 : 1) as [string | undefined];
    // APISIX's answer if stream mode is off (admin/init.lua). The chart does not turn it on.
    if (kind === "stream_routes") return refusal("stream mode is disabled, can not add stream routes");
    const isList = method === "GET" && id === undefined;
    if (rest.length > 0 || !(isStored(kind) || (isList && EMPTY_LISTS.includes(kind))))
        throw new Unsupported(`Admin API ${method} ${kind}`);
    if (isList) return list(store, kind, folder);
    if (method === "GET") {
        const stored = store.etcd.objects.get(folder + id);
        return stored ? { status: 200, body: shown(folder + id, stored) } : NOT_FOUND;
    }
    if (method === "DELETE" && id !== undefined) return remove(store, kind, folder + id);
    if (method === "PUT") return put(store, kind, folder, id, await readBody(request));
    throw new Unsupported(`Admin API ${method} ${kind}`);
}

function list(store: Store, kind: string, folder: string): Answer {
    const found = store.etcd.list(folder).map(([key, stored]) => shown(key, stored));
    // If a consumer has no credentials, etcd has no folder key for them, and APISIX answers 404. An etcd that lost its data has
    // no folder keys at all until a gateway starts.
    if (found.length === 0 && (kind === "credentials" || !store.etcd.hasFolders)) return NOT_FOUND;
    return { status: 200, body: { total: found.length, list: found } };
}

/** An object without private keys, which APISIX never returns. */
function shown(key: string, { value, createdIndex, modifiedIndex }: Stored): object {
    const { key: _key, ...rest } = value;
    return { key: `/apisix${key}`, value: key.startsWith("/ssls/") ? rest : value, createdIndex, modifiedIndex };
}

function problemOf(keys: AdminKeys, token: unknown, method: string): string | undefined {
    if (token === undefined) return "missing apikey";
    if (token === keys.admin) return undefined;
    if (keys.viewer === undefined || token !== keys.viewer) return "wrong apikey";
    return method === "GET" ? undefined : "invalid method for role viewer";
}

async function readBody(request: IncomingMessage): Promise<unknown> {
    const body = await buffer(request);
    if (body.length > MAX_BODY) throw new Invalid(`invalid request body: more than ${MAX_BODY} bytes`);
    try {
        return JSON.parse(body.toString());
    } catch (error) {
        throw new Invalid(`invalid request body: ${(error as Error).message}`);
    }
}
