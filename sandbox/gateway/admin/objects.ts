/** Validates and stores objects as the Admin API does. Fields that the ingress controller does not write are unsupported. */
import { stable } from "../counters/counters";
import { compileExpr } from "../lua/expr";
import { checkFields, Invalid, type Fields } from "../lua/schema";
import { checkCredential, entriesOf, isAuth } from "../objects/entries";
import { checkSsl } from "../objects/ssl";
import type { Store } from "../objects/store";
import { AMOUNT, OBJECT, only, TEXT } from "../plugins/plugin";
import { METADATA_FIELDS } from "../plugins/prometheus";
import type { Conf } from "../request/types";
import { Unsupported } from "../unsupported";
import { upstreamOf } from "../upstream/upstream";

export interface Answer {
    status: number;
    body: object;
}

export const refusal = (message: string, status = 400): Answer => ({ status, body: { error_msg: message } });
export const NOT_FOUND: Answer = { status: 404, body: { message: "Key not found" } };

const TEXTS = { type: "array", minItems: 1, items: TEXT };
const NAMED: Fields = { id: TEXT, name: TEXT, desc: { type: "string" }, labels: OBJECT };
const seconds = { type: "number", exclusiveMinimum: 0 };
const TIMEOUT = {
    ...OBJECT,
    properties: { connect: seconds, send: seconds, read: seconds },
    required: ["connect", "send", "read"],
};
const UPSTREAM: Fields = {
    type: { enum: ["roundrobin", "chash"] },
    hash_on: only("consumer"),
    key: { type: "string" },
    scheme: only("http"),
    pass_host: only("pass"),
    nodes: {}, // checked by upstreamOf
    retries: only(0),
    timeout: TIMEOUT,
    checks: OBJECT,
};

/** Fields and required fields of each kind of object that the emulator stores. */
const KINDS: Record<string, [fields: Fields, required: string[]]> = {
    routes: [
        {
            ...NAMED,
            ...{ uri: TEXT, uris: TEXTS, methods: { type: "array", items: TEXT }, vars: { type: "array" } },
            ...{ priority: { type: "integer" }, timeout: TIMEOUT, plugins: OBJECT, status: only(1) },
            ...{ service_id: TEXT, upstream: OBJECT, enable_websocket: only(false) },
        },
        [],
    ],
    services: [{ ...NAMED, upstream: OBJECT, upstream_id: TEXT }, []],
    upstreams: [{ ...NAMED, ...UPSTREAM }, ["nodes"]],
    consumers: [
        {
            username: { type: "string", pattern: "^[a-zA-Z0-9_-]+$" },
            labels: OBJECT,
            desc: NAMED.desc,
            plugins: OBJECT,
        },
        ["username"],
    ],
    credentials: [{ ...NAMED, plugins: OBJECT }, ["plugins"]],
    ssls: [
        { ...NAMED, cert: TEXT, key: TEXT, snis: TEXTS, type: only("server"), status: { ...AMOUNT, maximum: 1 } },
        ["cert", "key", "snis"],
    ],
    plugin_metadata: [{ id: TEXT, ...METADATA_FIELDS }, []],
};
export const isStored = (kind: string) => Object.hasOwn(KINDS, kind);

/** References between objects: the field, and the kind of the object that it names. */
const REFERENCES: [field: string, kind: string][] = [
    ["service_id", "services"],
    ["upstream_id", "upstreams"],
];

/** Stores an object. @param folder key prefix, with a final slash @param conf the object, as the client sent it */
export function put(store: Store, kind: string, folder: string, id: string | undefined, conf: unknown): Answer {
    const [fields, required] = KINDS[kind];
    checkFields("invalid configuration", conf, fields, required);
    const own = { ...(conf as Conf) };
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
    const now = Math.floor(Date.now() / 1000);
    store.etcd.set(key, { ...own, create_time: old?.value.create_time ?? now, update_time: now });
    return { status: old ? 200 : 201, body: { key: `/apisix${key}`, value: withoutSecrets(own) } };
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

/** Removes keys: APISIX never returns private keys, and encrypts other keys in the answer to a write. */
function withoutSecrets({ key: _key, plugins: _plugins, ...value }: Conf): Conf {
    return value;
}

/** @throws Invalid or Unsupported if the object must not be stored */
function check(store: Store, kind: string, key: string, conf: Conf): void {
    if (kind === "plugin_metadata") {
        if (key !== "/plugin_metadata/prometheus") throw new Unsupported(`metadata of plugin ${key.split("/")[2]}`);
        return;
    }
    if (kind === "ssls") return checkSsl(conf);
    if (kind === "routes" && (conf.uri === undefined) === (conf.uris === undefined))
        throw new Invalid("invalid configuration: one of uri and uris must be set");
    for (const uri of (conf.uris ?? [conf.uri ?? ""]) as string[])
        if (/\/:|\*./.test(uri)) throw new Unsupported(`route uri with parameters (${uri})`);
    if (kind === "upstreams") upstreamOf(conf, key);
    if (conf.upstream !== undefined) {
        checkFields("invalid configuration: upstream", conf.upstream, UPSTREAM, ["nodes"]);
        upstreamOf(conf.upstream as Conf, key);
    }
    for (const [field, folder] of REFERENCES)
        if (conf[field] !== undefined && !store.etcd.objects.has(`/${folder}/${String(conf[field])}`))
            throw new Invalid(`failed to fetch ${folder} [${String(conf[field])}], response code: 404`);
    if (conf.vars !== undefined) compileExpr(conf.vars);
    checkPlugins(store, kind, key, (conf.plugins ?? {}) as Conf);
}

function checkPlugins(store: Store, kind: string, key: string, plugins: Conf): void {
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
    const limit = plugins["limit-count"] as Conf | undefined;
    if (limit?.group === undefined) return;
    const group = String(limit.group);
    const first = store.groups.get(group) ?? stable(limit);
    store.groups.set(group, first);
    if (first !== stable(limit)) throw new Invalid("plugin limit-count: group conf mismatched");
}
