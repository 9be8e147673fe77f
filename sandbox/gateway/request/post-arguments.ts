/**
 * Variables `post_arg.<field>`: fields of a JSON body. Facts: apisix/core/ctx.lua, core/request.lua (get_request_body_table) of
 * 3.18.0; `field[*]` is that of lua-jsonpath. Unsupported: other paths of lua-jsonpath, forms, multipart bodies.
 */
import { decodeJson } from "../lua/cjson";
import type { VarValue } from "../lua/expr";
import { Unsupported } from "../unsupported";
import type { Context } from "./context";

/** Thrown where a variable needs the body, and the body is not read yet. Only `Context.holds` reads it then. */
export class BodyNeeded extends Unsupported {}

export function postArgument(ctx: Context, path: string): VarValue {
    const type = ctx.header("content-type") ?? "";
    if (!type.includes("application/json")) {
        if (/application\/x-www-form-urlencoded|multipart\/form-data/.test(type))
            throw new Unsupported(`variable $post_arg.${path} with Content-Type ${type}`);
        return undefined;
    }
    const [, names, list] = /^(\w+(?:\.\w+)*)(\[\*\])?$/.exec(path) ?? [];
    if (names === undefined) throw new Unsupported(`variable $post_arg.${path}`);
    if (!ctx.bodyRead) throw new BodyNeeded(`variable $post_arg.${path} outside of fault-injection and workflow`);
    const body = decodeJson(ctx.bodyRead.toString("latin1"));
    const value = names.split(".").reduce(field, body) as VarValue;
    if (list === undefined) return value;
    return typeof value === "object" && value !== null && Object.keys(value).length > 0 ? value : undefined;
}

function field(value: unknown, name: string): unknown {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
