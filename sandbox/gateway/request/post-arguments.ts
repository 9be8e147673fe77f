/**
 * Variables `post_arg.<field>`: fields of a JSON body. Facts: apisix/core/ctx.lua, core/request.lua (get_request_body_table) of
 * 3.18.0; `field[*]` and `field[<index>]` are those of lua-jsonpath. Unsupported: other paths of lua-jsonpath, forms, multipart
 * bodies.
 */
import { CjsonError, decodeJson } from "../lua/cjson";
import type { VarValue } from "../lua/expr";
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";
import type { Context } from "./context";

/** Largest body that is read for variables, in bytes (max_post_args_readable_size). */
const MAX_BODY = 64 * 1024 * 1024;

/** Thrown where a variable needs the body, and the body is not read yet. Only `Context.holds` reads it then. */
export class BodyNeeded extends Unsupported {}

export function postArgument(ctx: Context, path: string): VarValue {
    const body = bodyOf(ctx, path);
    const [, name, index] = /^(\w+)\[(\*|\d+)\]$/.exec(path) ?? [];
    if (name !== undefined) return selected(field(body, name), index);
    if (/[[*()]|\.\./.test(path)) throw new Unsupported(`variable $post_arg.${path}`);
    return path.split(".").reduce(field, body) as VarValue;
}

function field(value: unknown, name: string): unknown {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>)[bytes(name)] : undefined;
}

/** The elements that `[*]` or an index selects; undefined if there are none. */
function selected(value: unknown, index: string): VarValue {
    if (typeof value !== "object" || value === null) return undefined;
    if (index === "*") return Object.keys(value).length > 0 ? Object.values(value) : undefined;
    const list = Array.isArray(value) ? (value as unknown[]) : [];
    return Number(index) < list.length ? [list[Number(index)]] : undefined;
}

/** The parsed body; undefined if it is not JSON. */
function bodyOf(ctx: Context, path: string): unknown {
    const type = ctx.header("content-type") ?? "";
    if (!type.includes("application/json")) {
        if (/application\/x-www-form-urlencoded|multipart\/form-data/.test(type))
            throw new Unsupported(`variable $post_arg.${path} with Content-Type ${type}`);
        return undefined;
    }
    if (!ctx.bodyRead) throw new BodyNeeded(`variable $post_arg.${path} outside of fault-injection and workflow`);
    if (ctx.bodyRead.length > MAX_BODY) return undefined;
    return parsed(ctx, ctx.bodyRead);
}

function parsed(ctx: Context, body: Buffer): unknown {
    if (ctx.notes.has(bodyOf)) return ctx.notes.get(bodyOf);
    let value: unknown;
    try {
        value = decodeJson(body.toString("latin1"));
    } catch (error) {
        if (!(error instanceof CjsonError)) throw error;
    }
    ctx.notes.set(bodyOf, value);
    return value;
}
