/** Validates and stores objects as the Admin API does. Fields that the ingress controller does not write are unsupported. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { z } from "zod";
import { compileExpr } from "../lua/expr";
import { checkCredential, entriesOf, isAuth } from "../objects/entries";
import type { Store } from "../objects/store";
import { Invalid, OBJECT, read, TEXT, TIMEOUT } from "../plugins/plugin";
import type { Conf } from "../request/types";
import { Unsupported } from "../unsupported";
import { upstreamOf } from "../upstream/upstream";

export interface Answer {
    status: number;
    body: object;
}

export const refusal = (message: string, status = 400): Answer => ({ status, body: { error_msg: message } });
export const NOT_FOUND: Answer = { status: 404, body: { message: "Key not found" } };

const NAMED = { id: TEXT.optional(), name: TEXT.optional(), desc: z.string().optional(), labels: OBJECT.optional() };
/** A path, which can end with a star. Unsupported: parameters. */
const URI = z.string().regex(/^\/([^*:]|[^/]:)*\*?$/);

/** The kinds of objects that the emulator stores. */
const KINDS: Record<string, z.ZodType> = {
    routes: z
        .strictObject({
            ...NAMED,
            ...{ uri: URI.optional(), uris: z.array(URI).min(1).optional(), methods: z.array(TEXT).optional() },
            ...{ vars: z.array(z.unknown()).optional(), priority: z.int().optional(), timeout: TIMEOUT.optional() },
            ...{ plugins: OBJECT.optional(), service_id: TEXT.optional(), upstream: OBJECT.optional() },
            ...{ status: z.literal(1).optional(), enable_websocket: z.literal(false).optional() },
        })
        .refine(({ uri, uris }) => (uri === undefined) !== (uris === undefined), "one of uri and uris must be set"),
    services: z.strictObject({ ...NAMED, upstream: OBJECT.optional(), upstream_id: TEXT.optional() }),
    upstreams: OBJECT, // checked by upstreamOf
    consumers: z.strictObject({
        username: z.string().regex(/^[a-zA-Z0-9_-]+$/),
        ...{ desc: NAMED.desc, labels: NAMED.labels, plugins: OBJECT.optional() },
    }),
    credentials: z.strictObject({ ...NAMED, plugins: OBJECT }),
    ssls: z.strictObject({ ...NAMED, cert: TEXT, key: TEXT, snis: z.array(TEXT).min(1) }),
    // of the plugin prometheus: labels that are set to "", by metric
    plugin_metadata: z.strictObject({ id: z.literal("prometheus").optional(), disabled_labels: OBJECT.optional() }),
};
export const isStored = (kind: string) => Object.hasOwn(KINDS, kind);

/** References between objects: the field, and the kind of the object that it names. */
const REFERENCES = [
    ["service_id", "services"],
    ["upstream_id", "upstreams"],
] as const;

/** Stores an object. @param folder key prefix, with a final slash @param conf the object, as the client sent it */
export function put(store: Store, kind: string, folder: string, id: string | undefined, conf: unknown): Answer {
    const own = { ...(read("invalid configuration", KINDS[kind], conf) as Conf) };
    const field = kind === "consumers" ? "username" : "id";
    const name = id ?? own[field];
    if (name === undefined || (own[field] !== undefined && own[field] !== name))
        return refusal(`wrong ${field}, or none`);
    own[field] = name;
    const key = folder + String(name);
    if (kind === "credentials" && !store.etcd.objects.has(folder.split("/", 3).join("/")))
        return refusal("consumer not found", 404);
    check(store, kind, key, own);
    const old = store.etcd.objects.get(key);
    store.etcd.set(key, own);
    const { key: _key, plugins: _plugins, ...shown } = own; // keys are not shown, but for reads
    return { status: old ? 200 : 201, body: { key: `/apisix${key}`, value: shown } };
}

/** Deletes an object, and with a consumer its credentials. */
export function remove(store: Store, kind: string, key: string): Answer {
    const [field] = REFERENCES.find(([, target]) => target === kind) ?? [];
    const id = key.slice(key.lastIndexOf("/") + 1);
    const user = [...store.etcd.objects].find(([, { value }]) => field !== undefined && value[field] === id);
    if (user) return refusal(`can not delete this object, ${user[0].slice(1)} is still using it now`);
    for (const [credential] of store.etcd.list(`${key}/credentials/`)) store.etcd.delete(credential);
    return store.etcd.delete(key) ? { status: 200, body: { deleted: "1", key: `/apisix${key}` } } : NOT_FOUND;
}

/** @throws Invalid or Unsupported if the object must not be stored */
function check(store: Store, kind: string, key: string, conf: Conf): void {
    if (kind === "plugin_metadata" && !key.endsWith("/prometheus")) throw new Unsupported(`metadata ${key}`);
    if (kind === "ssls") {
        new X509Certificate(String(conf.cert));
        createPrivateKey(String(conf.key));
    }
    if (kind === "upstreams") upstreamOf(conf);
    if (conf.upstream !== undefined) upstreamOf(conf.upstream as Conf);
    for (const [field, folder] of REFERENCES)
        if (conf[field] !== undefined && !store.etcd.objects.has(`/${folder}/${String(conf[field])}`))
            throw new Invalid(`failed to fetch ${folder} [${String(conf[field])}], response code: 404`);
    if (conf.vars !== undefined) compileExpr(conf.vars);

    const plugins = (conf.plugins ?? {}) as Conf;
    const names = Object.keys(plugins);
    if (kind === "credentials" && names.length > 1) throw new Invalid("a credential must have one plugin");
    const auth = names.filter((name) => kind === "credentials" || (kind === "consumers" && isAuth(name)));
    for (const name of auth) {
        checkCredential(name, plugins[name]);
        const other = store.holdersOf(name, (plugins[name] as Conf).key).find((holder) => holder !== key);
        // Otherwise a request with this key would be authenticated as the one that was loaded last.
        if (other !== undefined) throw new Invalid(`duplicate key of plugin ${name} found with ${other.slice(1)}`);
    }
    const others = Object.entries(plugins).filter(([name]) => !auth.includes(name));
    entriesOf(Object.fromEntries(others), key, store.tools);
}
