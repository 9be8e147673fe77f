// Emulates the synchronization of api7/adc 0.23.1: which objects it reads from an Admin API, how it compares them with the
// desired objects, and what it writes.
// Facts: libs/backend-apisix (fetcher, transformer, operator), libs/differ (differv3), apps/cli (server/sync), and answers of
// the real program. A full synchronization has no label selector, so labels protect no object from deletion:
// - A consumer, credential, service, SSL object or global rule that is not desired is deleted, whichever client created it.
// - ADC reads routes only if their service is listed, upstreams only if they belong to a service (inline or by label), and
// credentials only of the four methods in CREDENTIALS. It does not see other objects or plugin configs, so they stay.
// - Fields that ADC does not read, such as the status of a route, are neither compared nor restored.
// - An existing credential that is not desired and has no name aborts the whole synchronization before the first write.
// - ADC deletes the credentials of a deleted consumer again, although APISIX has deleted them with the consumer. These
// deletions fail.
// Unsupported: ADC's three retries of a failed write, consumer groups, stream routes.

import { isDeepStrictEqual } from "node:util";

import { SERVICE_LABEL, type ApisixObject, type Collection } from "./objects";

type Body = Record<string, unknown>;

/**
 * The objects that ADC reads from one Admin API, by collection. The map `credentials` has the credentials of each
 * consumer, by username.
 */
export type Listed = Record<(typeof LISTED)[number], Body[]> & { credentials: Map<string, Body[]> };

export const LISTED = [
    "routes",
    "services",
    "upstreams",
    "ssls",
    "consumers",
    "plugin_configs",
    "global_rules",
    "plugin_metadata",
] as const;

export interface Change {
    collection: Collection;
    verb: "delete" | "update" | "create";
    /** Requests that write the change, in the order of sending. */
    requests: { method: "PUT" | "DELETE"; path: string; body?: Body }[];
    /** The desired object; undefined if the change deletes an object. */
    object?: ApisixObject;
}

const CREDENTIALS = ["key-auth", "basic-auth", "jwt-auth", "hmac-auth"];

/** Fields of an upstream that ADC reads, and therefore compares. */
const UPSTREAM = [
    ...["desc", "labels", "type", "hash_on", "key", "checks", "nodes", "scheme", "retries", "retry_timeout", "timeout"],
    ...["tls", "keepalive_pool", "pass_host", "upstream_host", "service_name", "discovery_type", "discovery_args"],
];
const READ: Record<Collection, string[] | undefined> = {
    routes: [
        ...["name", "desc", "labels", "uris", "hosts", "priority", "timeout", "vars", "methods", "enable_websocket"],
        ...["remote_addrs", "plugins", "filter_func"],
    ],
    services: ["name", "desc", "labels", "hosts", "plugins"],
    upstreams: ["name", ...UPSTREAM],
    consumers: ["username", "desc", "labels", "plugins"],
    credentials: ["name", "desc", "labels", "plugins"],
    // `key` is not compared, because APISIX does not return private keys.
    ssls: ["labels", "type", "sni", "snis", "cert", "certs", "client", "ssl_protocols"],
    global_rules: ["plugins"],
    plugin_metadata: undefined,
};

/** Kinds of changes, in the order in which they are written. */
const ORDER = [
    ...["routes.delete", "services.delete", "upstreams.delete", "consumers.delete", "ssls.delete"],
    ...["ssls.create", "ssls.update"],
    ...["routes.update", "services.update", "upstreams.update", "consumers.update"],
    ...["services.create", "routes.create", "consumers.create", "upstreams.create"],
    ...["global_rules.delete", "global_rules.create", "global_rules.update"],
    ...["plugin_metadata.delete", "plugin_metadata.create", "plugin_metadata.update"],
    ...["credentials.delete", "credentials.create", "credentials.update"],
];

/**
 * Message with which ADC fails if a credential has no name. Node.js throws it when ADC hashes the missing name to
 * compute the id.
 */
const NO_NAME =
    'TypeError [ERR_INVALID_ARG_TYPE]: The "data" argument must be of type string or an instance of Buffer, ' +
    "TypedArray, or DataView. Received undefined";

/**
 * Returns the changes that ADC writes, grouped by kind. ADC writes the groups, and the changes of each group, in this
 * order.
 * @throws Error if ADC aborts before the first write
 */
export function changes(wanted: ApisixObject[], listed: Listed): Change[][] {
    const there = seen(listed);
    // The request body is JSON, which has no undefined fields. They are therefore removed before the comparison too.
    const sent = wanted.map((object): ApisixObject => ({ ...object, body: JSON.parse(JSON.stringify(object.body)) }));
    const byPath = new Map(sent.map((object) => [object.path, object]));
    const found: Change[] = [];
    for (const [path, { collection, value }] of there) {
        if (byPath.has(path)) continue;
        if (collection === "credentials" && typeof value.name !== "string") throw new Error(NO_NAME);
        const paths = collection === "services" ? [path, `upstreams/${idOf(path)}`] : [path];
        const requests = paths.map((one) => ({ method: "DELETE" as const, path: one }));
        found.push({ collection, verb: "delete", requests });
    }
    for (const object of sent) {
        const before = there.get(object.path);
        const parts = partsOf(object);
        const changed = before ? parts.filter(({ read }) => !isSame(read(object.body), read(before.value))) : parts;
        const requests = changed.map(({ path, body }) => ({ method: "PUT" as const, path, body }));
        if (requests.length === 0) continue;
        found.push({ collection: object.collection, verb: before ? "update" : "create", requests, object });
    }
    return ORDER.map((kind) => found.filter(({ collection, verb }) => `${collection}.${verb}` === kind));
}

/** The existing objects that ADC sees, by path. A service contains its upstream. */
function seen(listed: Listed): Map<string, { collection: Collection; value: Body }> {
    const found = new Map<string, { collection: Collection; value: Body }>();
    const upstreams = new Map(listed.upstreams.map((upstream) => [String(upstream.id), upstream]));
    const services = new Set(listed.services.map(({ id }) => String(id)));
    const add = (collection: Collection, id: unknown, value: Body, folder: string = collection) =>
        found.set(`${folder}/${String(id)}`, { collection, value });
    for (const service of listed.services) {
        const own = service.upstream_id === undefined ? service.upstream : upstreams.get(String(service.upstream_id));
        add("services", service.id, { ...service, upstream: own });
    }
    for (const route of listed.routes) {
        if (!services.has(String(route.service_id))) continue;
        const shared = listed.plugin_configs.find(({ id }) => id === route.plugin_config_id);
        const uris = route.uri === undefined ? route.uris : [route.uri];
        const hosts = route.host === undefined ? route.hosts : [route.host];
        const remote_addrs = route.remote_addr === undefined ? route.remote_addrs : [route.remote_addr];
        const plugins = shared && route.plugin_config_id !== undefined ? shared.plugins : route.plugins;
        add("routes", route.id, { ...route, name: route.name ?? route.id, uris, hosts, remote_addrs, plugins });
    }
    for (const upstream of listed.upstreams) {
        const label = (upstream.labels as Record<string, string> | undefined)?.[SERVICE_LABEL];
        if (label !== undefined && services.has(label)) add("upstreams", upstream.id, upstream);
    }
    for (const consumer of listed.consumers) {
        const username = String(consumer.username);
        add("consumers", username, consumer);
        for (const credential of listed.credentials.get(username) ?? []) {
            const [type] = Object.keys((credential.plugins ?? {}) as Body);
            if (CREDENTIALS.includes(type)) add("credentials", credential.id, credential, credentialsOf(username));
        }
    }
    for (const ssl of listed.ssls) add("ssls", ssl.id, ssl);
    // ADC identifies global rules by their plugins, not by their ids.
    for (const { plugins } of listed.global_rules)
        for (const [name, config] of Object.entries((plugins ?? {}) as Body))
            add("global_rules", name, { plugins: { [name]: config } });
    for (const { id, ...metadata } of listed.plugin_metadata) add("plugin_metadata", id, metadata);
    return found;
}

interface Part {
    path: string;
    body: Body;
    read: (value: Body) => Body;
}

/**
 * Splits an object into parts, because ADC writes each part with its own request. A service with its own upstream has
 * two parts: first the upstream, then the service.
 */
function partsOf({ collection, id, path, body }: ApisixObject): Part[] {
    const fields = READ[collection];
    const read = (value: Body) => (fields ? pick(value, fields) : pick(value, Object.keys(value)));
    if (collection !== "services") return [{ path, body, read }];
    const { upstream, ...service } = body;
    const own: Part = {
        path: `upstreams/${id}`,
        body: { ...(upstream as Body), id, name: body.name },
        read: (value) => pick((value.upstream ?? {}) as Body, UPSTREAM),
    };
    return [...(upstream === undefined ? [] : [own]), { path, body: { ...service, upstream_id: id }, read }];
}

function pick(value: Body, fields: string[]): Body {
    const kept = fields.filter((field) => value[field] !== undefined && !isEmpty(field, value[field]));
    return Object.fromEntries(
        kept.map((field) => [field, field === "labels" ? withoutOwn(value.labels as Body) : value[field]]),
    );
}

/**
 * Whether ADC treats a field with this value as missing: an empty set of plugins is the same as no plugins.
 */
function isEmpty(field: string, value: unknown): boolean {
    return field === "plugins" && Object.keys(value as Body).length === 0;
}

function withoutOwn({ [SERVICE_LABEL]: _own, ...labels }: Body): Body {
    return labels;
}

function isSame(one: Body, other: Body): boolean {
    return isDeepStrictEqual(one, other);
}

export function credentialsOf(username: string): string {
    return `consumers/${username}/credentials`;
}

function idOf(path: string): string {
    return path.slice(path.lastIndexOf("/") + 1);
}
