/** The request that a route handles, its answer, and helpers that declare routes and parse bodies. */
import type { z } from "zod";
import type { Account, Change, Zone } from "../account";

/**
 * An answer that rejects a request. It has the real API's error code if a recording, the documentation or a public report names
 * it. Otherwise the code is invented, because the provider reads only the status.
 */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly code: number,
        message: string,
    ) {
        super(message);
    }
}

/** The emulator does not have this feature. The real API has the feature, or may have it. */
export class Unsupported extends ApiError {
    constructor(what: string) {
        super(501, 501, `unsupported by the sandbox: ${what}`);
    }
}

export interface Answer {
    result?: unknown;
    result_info?: object;
    /** An answer without a body: status 204. */
    empty?: true;
    /** The only part of a multipart/form-data body, which is sent without the envelope. */
    part?: FormPart & { name: string };
}
export interface FormPart {
    type: string;
    text: string;
}

export interface Call {
    account: Account;
    /** Values of the path's `{names}`. */
    params: Record<string, string>;
    /** The zone in the path. Set only in routes below `zones/{zone}`. */
    zone: Zone;
    query: URLSearchParams;
    /** Parsed JSON, or the parts of a form by name; undefined without a body. */
    body: unknown;
}

export interface Route {
    method: string;
    /** Path with parameters. The server looks up the account for `{account}` and the zone for `{zone}`. */
    path: string;
    /** The API token needs at least one of these permission groups. */
    needs: string[];
    /** Supported query parameters in addition to those of pages. All others are unsupported. */
    query: string[];
    run(call: Call): Answer;
}

/** Returns a function that declares routes. @param group name of a permission group without Read or Write */
export function product(group: string) {
    return (method: string, path: string, run: Route["run"], query: string[] = []): Route => {
        const needs = method === "GET" ? [`${group} Read`, `${group} Write`] : [`${group} Write`];
        return { method, path, needs, query, run };
    };
}

/** Removes keys with the value null: clients send null to remove a field. */
const withoutNulls = (body: unknown): unknown =>
    JSON.parse(JSON.stringify(body ?? null), (_, value) => value ?? undefined);

/** Parses a body with a schema. Unknown fields are reported as unsupported, never ignored. */
export function bodyOf<T>(schema: z.ZodType<T>, body: unknown): T {
    const parsed = schema.safeParse(withoutNulls(body));
    if (parsed.success) return parsed.data;
    const { issues } = parsed.error;
    const unknown = issues.flatMap((one) => (one.code === "unrecognized_keys" ? one.keys : []));
    if (unknown.length > 0) throw new Unsupported(`field ${unknown.join(", ")}`);
    throw new ApiError(400, 9207, issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
}

/** Copies an object for an answer, without the hidden fields. */
export const without = (object: object, ...hidden: string[]): object =>
    Object.fromEntries(Object.entries(object).filter(([k, v]) => v !== undefined && !hidden.includes(k)));

/** The page of a list that the query asks for. A page after the last one is empty. */
export function page({ query }: Call, items: unknown[]): Answer {
    const [number, size] = [Number(query.get("page") ?? 1), Number(query.get("per_page") ?? 50)];
    const total_pages = Math.ceil(items.length / size);
    return { result: items.slice((number - 1) * size, number * size), result_info: { page: number, total_pages } };
}

interface Collection<T extends { id: string }> {
    /** Path of the list. */
    path: string;
    /** Name of the permission group without Read or Write. */
    group: string;
    kind?: Change["kind"];
    /** Code and message of the answer for an unknown id. */
    missing: [code: number, message: string];
    store(call: Call): Map<string, T>;
    /** Fields by which the query can filter the list. */
    filters?: string[];
    /** Method of an update. @default PUT */
    update?: "PATCH";
    /** Checks the body. @param old the object that the request changes @returns the new object */
    make(call: Call, old?: T): T;
    /** @default without `zone_id` */
    show?(call: Call, object: T): object;
    /** Answer to a write. @default the same as to a read */
    written?(call: Call, object: T, before?: T): object;
    /** Deletes the object, or throws. @default removes it from the store */
    remove?(call: Call, object: T): void;
    removed?(call: Call, object: T): Answer;
}

const isOf = (object: object, zone: Zone) => !("zone_id" in object) || object.zone_id === zone.id;

/** Finds an object of a collection by the last parameter of the path. */
export function find<T extends { id: string }>(
    call: Call,
    { store, missing }: Pick<Collection<T>, "store" | "missing">,
): T {
    const object = store(call).get(call.params.id);
    if (!object || !isOf(object, call.zone)) throw new ApiError(404, ...missing);
    return object;
}

/** Routes that list, create, read, change and delete the objects of a collection. */
export function collection<T extends { id: string }>(of: Collection<T>): Route[] {
    const { path, filters = [], show = (_, object) => without(object, "zone_id") } = of;
    const { written = show, removed = (_, { id }) => ({ result: { id } }) } = of;
    const { remove = (call, { id }) => of.store(call).delete(id) } = of;
    const route = product(of.group);
    const one = `${path}/{id}`;
    const changed = (call: Call, { id }: T) => call.account.changed(of.kind ?? "other", id);
    const list = (call: Call) => {
        const here = [...of.store(call).values()].filter((object) => isOf(object, call.zone));
        const fits = (object: object) =>
            filters.every((name) => {
                const value = String((object as Record<string, unknown>)[name]).toLowerCase();
                return (call.query.get(name) ?? value).toLowerCase() === value;
            });
        return page(call, here.map((object) => show(call, object)).filter(fits));
    };
    const create = (call: Call) => {
        const made = of.make(call);
        of.store(call).set(made.id, made);
        changed(call, made);
        return { result: written(call, made) };
    };
    const update = (call: Call) => {
        const object = find(call, of);
        const before = { ...object };
        const made = of.make(call, before);
        for (const name of Object.keys(object)) delete object[name as keyof T];
        Object.assign(object, made);
        changed(call, object);
        return { result: written(call, object, before) };
    };
    const drop = (call: Call) => {
        const object = find(call, of);
        remove(call, object);
        changed(call, object);
        return removed(call, object);
    };
    return [
        route("GET", path, list, filters),
        route("POST", path, create),
        route("GET", one, (call) => ({ result: show(call, find(call, of)) })),
        route(of.update ?? "PUT", one, update),
        route("DELETE", one, drop),
    ];
}
