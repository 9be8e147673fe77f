import { askApi, openApiServer, type ApiServer, type PlainAccess } from "./api-server";
import type { Observed } from "./readiness";

export interface ObjectRef {
    apiVersion: string;
    kind: string;
    /** Unset for a cluster-scoped object. */
    namespace?: string;
    name: string;
}

/** Fields of a live object that this project reads. */
export type Live = Observed & {
    metadata?: {
        name?: string;
        namespace?: string;
        annotations?: Record<string, string>;
        labels?: Record<string, string>;
        uid?: string;
        deletionTimestamp?: unknown;
        finalizers?: string[];
    };
    [field: string]: unknown;
};

/** Reads an object; undefined if the object, or the CRD of its kind, does not exist. */
export type Reader = (ref: ObjectRef) => Promise<Live | undefined>;

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Name of an object in messages. */
export function titleOf({ kind, namespace, name }: ObjectRef): string {
    return `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}

/** Whether an error means that the object, its namespace or its kind does not exist. */
export function isAbsent(error: unknown): boolean {
    const { code, message } = error as { code?: number; message?: string };
    return code === 404 || /^Unrecognized API version and kind/.test(message ?? "");
}

/**
 * Message of an API server's error. A schema error, which quotes the schema, is shortened to the field and the problem.
 */
export function apiErrorMessage(error: unknown): string {
    const { body, message } = error as { body?: unknown; message?: string };
    let words = String(message).split("\n")[0];
    try {
        words = (typeof body === "string" ? JSON.parse(body) : body).message ?? words;
    } catch {
        // The error is not an answer of the API server, so its own message is used.
    }
    const lines = words.trim().split("\n");
    if (!lines.some((line) => line.startsWith("Failed validating "))) return lines.join("\n");
    const where = lines.find((line) => line.startsWith("On instance"));
    return [lines[0], where?.replace(/:$/, "")].filter(Boolean).join(" ");
}

interface Kind {
    kind: string;
    /** Plural name of the kind, for API paths. */
    name: string;
    namespaced: boolean;
}

/** Returns the path of the objects of a kind, in one namespace or in all. */
type Finder = (apiVersion: string, kind: string, namespace?: string) => Promise<string>;

/**
 * Cache of the kinds in each group and version, for each API server. A reader and a lister of one server use the same cache.
 */
const KINDS = new WeakMap<ApiServer, Record<string, Promise<{ resources: Kind[] }>>>();

/** Requests the kinds of each group and version once. If a kind is missing in the answer, the next search requests again. */
export function openFinder(api: ApiServer): Finder {
    const known = KINDS.get(api) ?? {};
    KINDS.set(api, known);
    return async (apiVersion, kind, namespace) => {
        const root = `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}`;
        const find = async () =>
            (await known[root]).resources.find((one) => one.kind === kind && !one.name.includes("/"));
        const before = root in known ? await find().catch(() => undefined) : undefined;
        if (before === undefined) known[root] = askApi(api, root);
        const found = before ?? (await find());
        if (found === undefined) throw new Error(`Unrecognized API version and kind: ${apiVersion} ${kind}`);
        const inside = found.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
        return `${root}${inside}/${found.name}`;
    };
}

/** The path of one object. The default namespace is `default`. */
export async function pathOf(
    find: Finder,
    { apiVersion, kind, namespace = "default", name }: ObjectRef,
): Promise<string> {
    return `${await find(apiVersion, kind, namespace)}/${encodeURIComponent(name)}`;
}

/** Opens a cluster for reading objects. @param api connection to the API server. Default: a new connection */
export function openReader(access: PlainAccess, api = openApiServer(access)): Reader {
    const find = openFinder(api);
    return async (ref) => {
        try {
            return await askApi<Live>(api, await pathOf(find, ref));
        } catch (error) {
            if (isAbsent(error)) return undefined;
            throw error;
        }
    };
}

/** Number of objects that are read at the same time. */
const AT_ONCE = 20;

/** Reads an object for each item, a few at a time. The results are in the order of the items. */
export async function readEach<T, R>(items: T[], read: (item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    for (let i = 0; i < items.length; i += AT_ONCE)
        results.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(read))));
    return results;
}

/** Lists the objects of a kind, in one namespace or in all; empty if the cluster does not have the kind. */
export type Lister = (apiVersion: string, kind: string, namespace?: string) => Promise<Live[]>;

/** Opens a cluster for listing objects. @param api connection to the API server. Default: a new connection */
export function openLister(access: PlainAccess, api = openApiServer(access)): Lister {
    const find = openFinder(api);
    return async (apiVersion, kind, namespace) => {
        try {
            return (await askApi<{ items: Live[] }>(api, await find(apiVersion, kind, namespace))).items;
        } catch (error) {
            if (isAbsent(error)) return [];
            throw error;
        }
    };
}
