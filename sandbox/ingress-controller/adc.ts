// Emulates the synchronization of api7/adc 0.23.1: which objects it reads from an Admin API, how it compares them with the
// desired objects, and what it writes.
// Facts: libs/backend-apisix (fetcher, transformer, operator), libs/differ (differv3), apps/cli (server/sync), and answers of
// the real program. A full synchronization has no label selector, so labels protect no object from deletion:
// - A consumer, credential, service or SSL object that is not desired is deleted, whichever client created it.
// - ADC reads routes only if their service is listed, upstreams only if they belong to a service, and credentials only of the
// methods in CREDENTIALS. It does not see other objects, so they stay.
// - Fields that ADC does not read, such as the status of a route, are neither compared nor restored.
// - An existing credential that is not desired and has no name aborts the whole synchronization before the first write.
// - ADC deletes the credentials of a deleted consumer again, although APISIX has deleted them with the consumer. These
// deletions fail.
// Unsupported: ADC's three retries of a failed write.

import { isDeepStrictEqual } from "node:util";

import { credentialsOf, type ApisixObject, type Collection } from "./objects";

type Body = Record<string, unknown>;

/** Collections of an Admin API that ADC lists. */
export const LISTED = ["routes", "services", "upstreams", "ssls", "consumers", "plugin_metadata"] as const;
/** The objects that ADC reads, by collection. `credentials` are those of each consumer, by username. */
export type Listed = Record<(typeof LISTED)[number], Body[]> & { credentials: Map<string, Body[]> };

export interface Change {
    verb: "delete" | "update" | "create";
    collection: Collection;
    /** Requests that write the change, in the order of sending. */
    requests: { method: "PUT" | "DELETE"; path: string; body?: Body }[];
    /** The desired object; undefined if the change deletes an object. */
    object?: ApisixObject;
}

const CREDENTIALS = ["key-auth", "basic-auth", "jwt-auth", "hmac-auth"];

/** Fields that are not compared. `key` is that of SSL objects: APISIX does not return private keys. */
const NOT_COMPARED = ["id", "status", "key", "service_id", "upstream", "upstream_id", "create_time", "update_time"];

/** Kinds of changes, in the order in which they are written. */
const ORDER = [
    ...["delete routes", "delete services", "delete consumers", "delete ssls", "create ssls", "update ssls"],
    ...["update routes", "update services", "update consumers", "create services", "create routes", "create consumers"],
    ...["delete plugin_metadata", "create plugin_metadata", "update plugin_metadata"],
    ...["delete credentials", "create credentials", "update credentials"],
];

/** Message with which ADC fails if a credential has no name, which it hashes to compute the id. */
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
    const paths = new Set(wanted.map(({ path }) => path));
    const found: Change[] = [];
    for (const [path, [collection, value]] of there) {
        if (paths.has(path)) continue;
        if (collection === "credentials" && typeof value.name !== "string") throw new Error(NO_NAME);
        const both = collection === "services" ? [path, `upstreams/${String(value.id)}`] : [path];
        const requests = both.map((one) => ({ method: "DELETE" as const, path: one }));
        found.push({ verb: "delete", collection, requests });
    }
    for (const object of wanted) {
        const { collection } = object;
        const [, before] = there.get(object.path) ?? [];
        const requests = partsOf(object)
            .filter(({ own, body }) => !before || !isDeepStrictEqual(compared(body), compared(own(before))))
            .map(({ path, body }) => ({ method: "PUT" as const, path, body }));
        if (requests.length > 0) found.push({ verb: before ? "update" : "create", collection, requests, object });
    }
    return ORDER.map((kind) => found.filter(({ verb, collection }) => `${verb} ${collection}` === kind));
}

/** The existing objects that ADC sees, by path. A service contains its upstream. */
function seen(listed: Listed): Map<string, [Collection, Body]> {
    const found = new Map<string, [Collection, Body]>();
    const services = new Set(listed.services.map(({ id }) => id));
    for (const service of listed.services) {
        const upstream = listed.upstreams.find(({ id }) => id === service.upstream_id) ?? service.upstream;
        found.set(`services/${String(service.id)}`, ["services", { ...service, upstream }]);
    }
    for (const route of listed.routes)
        if (services.has(route.service_id)) found.set(`routes/${String(route.id)}`, ["routes", route]);
    for (const consumer of listed.consumers) {
        const username = String(consumer.username);
        found.set(`consumers/${username}`, ["consumers", consumer]);
        for (const credential of listed.credentials.get(username) ?? []) {
            const [type] = Object.keys((credential.plugins ?? {}) as Body);
            const path = `${credentialsOf(username)}/${String(credential.id)}`;
            if (CREDENTIALS.includes(type)) found.set(path, ["credentials", credential]);
        }
    }
    for (const collection of ["ssls", "plugin_metadata"] as const)
        for (const one of listed[collection]) found.set(`${collection}/${String(one.id)}`, [collection, one]);
    return found;
}

interface Part {
    path: string;
    body: Body;
    /** The same part of an existing object. */
    own: (value: Body) => Body;
}

/**
 * Splits an object into parts, because ADC writes each part with its own request. A service with its own upstream has
 * two parts: first the upstream, then the service.
 */
function partsOf({ collection, id, path, body }: ApisixObject): Part[] {
    const { upstream, ...rest } = body;
    if (collection !== "services" || upstream === undefined) return [{ path, body, own: (value) => value }];
    const named = { ...(upstream as Body), id, name: body.name };
    const own = (value: Body) => ({ name: body.name, ...(value.upstream as Body | undefined) });
    return [
        { path: `upstreams/${id}`, body: named, own },
        { path, body: { ...rest, upstream_id: id }, own: (value) => value },
    ];
}

/** The fields that ADC compares. An empty set of plugins is the same as no plugins. */
function compared(value: Body): Body {
    const isEmpty = (field: unknown) => field === undefined || Object.keys(Object(field)).length === 0;
    return Object.fromEntries(
        Object.entries(value).filter(([name, field]) => !NOT_COMPARED.includes(name) && !isEmpty(field)),
    );
}
