/** The request that a route handles, and helpers that declare routes and parse bodies. */
import type { z } from "zod";
import type { Account, Change, Zone } from "../account";
import { ApiError, Unsupported, type Answer } from "./answer";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
    account: Account;
    /** Values of the path's `{names}`. */
    params: Record<string, string>;
    /** The zone in the path. Set only in routes below `zones/{zone}`. */
    zone: Zone;
    query: URLSearchParams;
    /** Parsed JSON, or the parts of a form; undefined without a body. */
    body: unknown;
}

export interface Route {
    method: Method;
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
    return (method: Method, path: string, run: Route["run"], query: string[] = []): Route => {
        const needs = method === "GET" ? [`${group} Read`, `${group} Write`] : [`${group} Write`];
        return { method, path, needs, query, run };
    };
}

/** Removes keys with the value null: clients send null to remove a field. */
function withoutNulls(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutNulls);
    if (typeof value !== "object" || value === null) return value;
    const kept = Object.entries(value).filter(([, v]) => v !== null);
    return Object.fromEntries(kept.map(([k, v]) => [k, withoutNulls(v)]));
}

/** Parses a body with a schema. Unknown fields are reported as unsupported, never ignored. */
export function bodyOf<T>(schema: z.ZodType<T>, body: unknown): T {
    const parsed = schema.safeParse(withoutNulls(body));
    if (parsed.success) return parsed.data;
    const issues = parsed.error.issues.map((issue) => ({ issue, at: issue.path.join(".") || "body" }));
    const unknown = issues.flatMap(({ issue, at }) =>
        issue.code === "unrecognized_keys" ? [`${issue.keys.join(", ")} in ${at}`] : [],
    );
    if (unknown.length > 0) throw new Unsupported(`field ${unknown.join("; ")}`);
    throw new ApiError(400, 9207, issues.map(({ issue, at }) => `${at}: ${issue.message}`).join("; "));
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
    /** Query parameters that are accepted and ignored. */
    ignored?: string[];
    /** Method of an update. @default PUT */
    update?: "PUT" | "PATCH";
    /** Checks the body. @param old the object that the request changes @returns the new object */
    make(call: Call, old?: T): T;
    /** @default without `zone_id` */
    show?(call: Call, object: T): object;
    /** Answer to a write. @default the same as to a read */
    written?(call: Call, object: T, before?: T): object;
    /** Throws if the object cannot be deleted. */
    mayRemove?(call: Call, object: T): void;
    /** Deletes the object. @default removes it from the store */
    remove?(call: Call, object: T): void;
    removed?(call: Call, object: T): Answer;
}

/** Finds an object of a collection by the last parameter of the path. */
export function find<T extends { id: string }>(
    call: Call,
    { store, missing }: Pick<Collection<T>, "store" | "missing">,
): T {
    const object = store(call).get(call.params.id);
    if (!object || ("zone_id" in object && object.zone_id !== call.zone.id)) throw new ApiError(404, ...missing);
    return object;
}

/** Routes that list, create, read, change and delete the objects of a collection. */
export function collection<T extends { id: string }>(of: Collection<T>): Route[] {
    const { path, filters = [], ignored = [], show = (_, object) => without(object, "zone_id") } = of;
    const { written = show, removed = (_, { id }) => ({ result: { id } }) } = of;
    const route = product(of.group);
    const one = `${path}/{id}`;
    const changed = (call: Call, { id }: T) => call.account.changed(of.kind ?? "other", id);
    const list = (call: Call) => {
        const shown = [...of.store(call).values()]
            .filter((object) => !("zone_id" in object) || object.zone_id === call.zone.id)
            .map((object) => show(call, object) as Record<string, unknown>);
        const fits = (object: Record<string, unknown>, name: string) =>
            (call.query.get(name) ?? String(object[name])).toLowerCase() === String(object[name]).toLowerCase();
        return page(
            call,
            shown.filter((object) => filters.every((name) => fits(object, name))),
        );
    };
    return [
        route("GET", path, list, [...filters, ...ignored]),
        route(
            "POST",
            path,
            (call) => {
                const made = of.make(call);
                of.store(call).set(made.id, made);
                changed(call, made);
                return { result: written(call, made) };
            },
            ignored,
        ),
        route("GET", one, (call) => ({ result: show(call, find(call, of)) }), ignored),
        route(
            of.update ?? "PUT",
            one,
            (call) => {
                const object = find(call, of);
                const before = { ...object };
                const made = of.make(call, before);
                for (const name of Object.keys(object)) delete object[name as keyof T];
                Object.assign(object, made);
                changed(call, object);
                return { result: written(call, object, before) };
            },
            ignored,
        ),
        route("DELETE", one, (call) => {
            const object = find(call, of);
            of.mayRemove?.(call, object);
            if (of.remove) of.remove(call, object);
            else of.store(call).delete(object.id);
            changed(call, object);
            return removed(call, object);
        }),
    ];
}
