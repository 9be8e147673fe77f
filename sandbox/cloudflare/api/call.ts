/** The request that a route handles, and helpers that declare routes and parse bodies. */
import type { Account, ApiToken, Json, JsonObject, Zone } from "../account";
import { ApiError, Unsupported, refused, type Answer } from "./answer";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
    account: Account;
    /** Values of the path's `{names}`. */
    params: Record<string, string>;
    /** The zone in the path. Set only in routes below `zones/{zone}`. */
    zone: Zone;
    query: URLSearchParams;
    /** Parsed JSON; undefined without a body. */
    body: unknown;
    token: ApiToken;
}

export interface Route {
    method: Method;
    /**
     * Path with parameters. Before the route runs, the server looks up the account for `{account}` and the zone for
     * `{zone}`. It rejects values of other parameters that do not look like ids.
     */
    path: string;
    /** The API token needs at least one of these permission groups. If the list is empty, every token may use the route. */
    needs: string[];
    /** Answer to a token that lacks the permission. @default 403, code 10000 */
    refusal?: () => ApiError;
    /** The Pulumi resource, function or command that makes this request. */
    usedBy: string;
    /** Supported query parameters. All others are unsupported. */
    query?: string[];
    run(call: Call): Answer;
}

/**
 * Returns a function that declares routes of one product.
 * @param group name of the product's permission group without Read or Write
 */
export function product(group: string) {
    return (method: Method, path: string, usedBy: string, run: Route["run"], query: string[] = []): Route => {
        const needs = method === "GET" ? [`${group} Read`, `${group} Write`] : [`${group} Write`];
        return { method, path, needs, usedBy, query, run };
    };
}

/** Returns each route twice: account-scoped and zone-scoped. */
export function inBothScopes(routes: Route[]): Route[] {
    return ["accounts/{account}", "zones/{zone}"].flatMap((scope) =>
        routes.map((route) => ({ ...route, path: `${scope}/${route.path}` })),
    );
}

export function may(token: ApiToken, needs: string[]): boolean {
    return needs.length === 0 || !token.permissions || needs.some((n) => token.permissions?.includes(n));
}

export function maySee(token: ApiToken, zone: Zone): boolean {
    return !token.zones || token.zones.includes(zone.name);
}

export const forbidden = (): ApiError => new ApiError(403, { code: 10000, message: "Authentication error" });

/** @throws ApiError if the body is not a JSON object */
export function bodyObject(body: unknown): { [key: string]: unknown } {
    if (typeof body !== "object" || body === null || Array.isArray(body))
        throw refused(9207, "Request body is invalid: must be a JSON object.");
    return body as { [key: string]: unknown };
}

/** Removes keys with the value null: clients send null to remove a field. */
export function withoutNulls(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutNulls);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value)
            .filter(([, v]) => v !== null)
            .map(([k, v]) => [k, withoutNulls(v)]),
    );
}

/** The part of zod's schema type that this file uses. */
interface Schema<T> {
    safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: Issue[] } };
}
interface Issue {
    code?: string;
    message: string;
    path: PropertyKey[];
    keys?: string[];
}

/**
 * Parses the body with a schema. One answer names all wrong fields. Unknown fields are reported as unsupported, never ignored.
 * @param at path of the value in the body, for messages
 */
export function checked<T>(schema: Schema<T>, value: unknown, code: number, at = ""): T {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const issues = result.error.issues;
    const where = (...path: PropertyKey[]) => [at, ...path].filter((part) => part !== "").join(".") || "body";
    const unknown = issues.flatMap((issue) => (issue.keys ?? []).map((key) => where(...issue.path, key)));
    if (unknown.length > 0) throw new Unsupported(`field ${unknown.join(", ")}`);
    throw new ApiError(
        400,
        issues.map((issue) => ({ code, message: `${where(...issue.path)}: ${issue.message}` })),
    );
}

/** Removes nulls from the body and parses it with a schema. */
export const bodyOf = <T>(call: Call, schema: Schema<T>, code: number): T =>
    checked(schema, withoutNulls(bodyObject(call.body)), code);

/** Copies an object for an answer, without the hidden fields and without undefined values. @param hidden names of fields */
export function without(object: object, ...hidden: string[]): JsonObject {
    const shown = Object.entries(object).filter(([k, v]) => v !== undefined && !hidden.includes(k));
    return Object.fromEntries(shown) as { [key: string]: Json };
}
