/** Calls of the Admin API after authentication, with a parsed body. */
import { KINDS, checkObject, refusal, stillUsed, type Answer } from "./resources";
import type { Stored } from "../objects/configuration";
import { encryptPlugins } from "../objects/crypto";
import { Unsupported } from "../unsupported";
import { sealedSsl } from "../objects/ssl";
import type { Store } from "../objects/store";
import type { Conf } from "../request/types";
import type { Args } from "../http/uri";

/** Query arguments that page or filter a list. The emulator does not support them. */
const LIST_ARGS = ["page", "page_size", "name", "label", "uri", "host", "id", "status"];

export interface Call {
    store: Store;
    resource: string;
    /** Key prefix of the objects, with a final slash. */
    folder: string;
    id: string | undefined;
    subPath: string[];
    conf: unknown;
    args: Args;
}

export function runCall(call: Call, method: string): Answer {
    switch (method) {
        case "GET":
            return get(call);
        case "DELETE":
            return remove(call);
        case "PATCH":
            return patch(call);
        default:
            return put(call, method === "POST");
    }
}

const NOT_FOUND: Answer = { status: 404, body: { message: "Key not found" } };
const etcdKey = (key: string) => `/apisix${key}`;

function shown(key: string, { value, createdIndex, modifiedIndex }: Stored): object {
    return { key: etcdKey(key), value, createdIndex, modifiedIndex };
}

/** Removes private keys from an ssl object: APISIX accepts them in writes, and never returns them. */
function withoutKeys(resource: string, stored: Stored): Stored {
    if (resource !== "ssls") return stored;
    const { key: _key, keys: _keys, ...value } = stored.value;
    return { ...stored, value };
}

function get({ store, folder, id, resource, args }: Call): Answer {
    const answer = (key: string, stored: Stored) => shown(key, withoutKeys(resource, stored));
    if (id !== undefined) {
        const stored = store.etcd.objects.get(folder + id);
        return stored ? { status: 200, body: answer(folder + id, stored) } : NOT_FOUND;
    }
    const unknown = LIST_ARGS.find((name) => args.has(name));
    if (unknown) throw new Unsupported(`Admin API list argument ${unknown}`);
    const list = store.etcd.list(folder).map(([key, stored]) => answer(key, stored));
    // If a consumer has no credentials, etcd has no folder key for them. APISIX then answers 404.
    if (list.length === 0) return resource === "credentials" ? NOT_FOUND : emptyList(store);
    return { status: 200, body: { total: list.length, list } };
}

/** The answer for an empty list. An etcd that lost its data answers 404 for every list until a gateway starts. */
export function emptyList(store: Store): Answer {
    return store.etcd.hasFolders ? { status: 200, body: { total: 0, list: [] } } : NOT_FOUND;
}

const isObject = (value: unknown): value is Conf =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns an error if the body contains a field that only the server may set. */
function forbidden(conf: Conf): string | undefined {
    for (const [at, part] of [["", conf] as const, ["upstream.", conf.upstream] as const])
        for (const field of ["create_time", "update_time"])
            if (isObject(part) && part[field] !== undefined) return `the property is forbidden:  ${at}${field}`;
    return undefined;
}

function put(call: Call, post: boolean): Answer {
    const { store, resource, folder, conf } = call;
    if (conf === undefined || conf === null) return refusal("missing configurations");
    if (!isObject(conf)) return refusal("invalid configuration: wrong type: expected object, got table");
    const own = { ...conf };
    let id = call.id;

    if (resource === "consumers") {
        if (id !== undefined && own.username !== undefined && own.username !== id) return refusal("wrong username");
        id = own.username as string | undefined;
    } else if (resource !== "plugin_metadata") {
        const given = own.id as string | number | undefined;
        if (post) {
            if (id !== undefined || given !== undefined) return refusal(`wrong ${KINDS[resource]} id, do not need it`);
            id = store.etcd.nextId();
        }
        id ??= given === undefined ? undefined : String(given);
        if (id === undefined) return refusal(`missing ${KINDS[resource]} id`);
        if (given !== undefined && String(given) !== id) return refusal(`wrong ${KINDS[resource]} id`);
        own.id = id;
    } else if (id === undefined) return refusal("missing plugin name");

    const reserved = forbidden(own);
    if (reserved !== undefined) return refusal(reserved);
    const key = folder + String(id);
    const refused = checkObject(store, resource, key, own);
    if (refused) return refused;
    if (resource === "credentials" && !store.etcd.objects.has(`/consumers/${folder.split("/")[2]}`))
        return refusal("consumer not found", 404);
    return save(store, resource, key, own);
}

function save(store: Store, resource: string, key: string, conf: Conf): Answer {
    const old = store.etcd.objects.get(key);
    const now = Math.floor(Date.now() / 1000);
    if (resource === "plugin_metadata") conf.id = key.split("/")[2];
    else {
        conf.create_time = (old?.value.create_time as number | undefined) ?? now;
        conf.update_time = now;
    }
    if (resource === "ssls") Object.assign(conf, sealedSsl(conf));
    store.etcd.set(key, conf);
    const value = isObject(conf.plugins) ? { ...conf, plugins: encryptPlugins(conf.plugins) } : conf;
    return { status: old ? 200 : 201, body: { key: etcdKey(key), value } };
}

function patch({ store, resource, folder, id, subPath, conf }: Call): Answer {
    if (id === undefined) return refusal(`missing ${KINDS[resource]} id`);
    if (conf === undefined) return refusal("missing new configuration");
    if (subPath.length === 0 && (typeof conf !== "object" || conf === null)) return refusal("invalid configuration");
    const key = folder + id;
    const old = store.etcd.objects.get(key);
    if (!old) return NOT_FOUND;
    const wrapped = subPath.reduceRight<unknown>((inner, name) => ({ [name]: inner }), conf);
    const merged = merge(structuredClone(old.value), wrapped as Conf, subPath.length);
    const refused = checkObject(store, resource, key, merged);
    return refused ?? save(store, resource, key, merged);
}

/**
 * Merges objects in `change` into those in `into`; all other values replace the old ones. The value null deletes a
 * field. @param wholeBelow depth from which `change` replaces objects instead of merging them; 0: never
 */
function merge(into: Conf, change: Conf, wholeBelow: number): Conf {
    for (const [name, value] of Object.entries(change)) {
        const old = into[name];
        if (value === null) delete into[name];
        else if (isObject(value) && isObject(old) && wholeBelow !== 1) merge(old, value, wholeBelow - 1);
        else into[name] = value;
    }
    return into;
}

function remove({ store, resource, folder, id, args }: Call): Answer {
    if (id === undefined) return refusal(`missing ${KINDS[resource]} id`);
    if (args.get("force")?.[0] !== "true") {
        const used = stillUsed(store, resource, id);
        if (used) return used;
    }
    const key = folder + id;
    if (resource === "consumers")
        for (const [credential] of store.etcd.list(`${key}/credentials/`)) store.etcd.delete(credential);
    if (!store.etcd.delete(key)) return NOT_FOUND;
    return { status: 200, body: { deleted: "1", key: etcdKey(key) } };
}
