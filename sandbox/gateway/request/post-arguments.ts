/**
 * Variables `post_arg.<field>`: fields of a JSON body. Facts: apisix/core/ctx.lua, core/request.lua (get_request_body_table) of
 * 3.18.0; `field[*]` is that of lua-jsonpath. Unsupported: other paths of lua-jsonpath, forms, multipart bodies.
 */
import { attempt, decodeJson } from "../lua/cjson";
import type { VarValue } from "../lua/expr";
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";
import type { Context } from "./context";

/** Thrown where a variable needs the body, and the body is not read yet. Only `Context.holds` reads it then. */
export class BodyNeeded extends Unsupported {}

export function postArgument(ctx: Context, path: string): VarValue {
    const type = ctx.header("content-type") ?? "";
    if (/application\/x-www-form-urlencoded|multipart\/form-data/.test(type))
        throw new Unsupported(`variable $post_arg.${path} with Content-Type ${type}`);
    if (!type.includes("application/json")) return undefined;
    const [, list] = /^(\w+)\[\*\]$/.exec(path) ?? [];
    if (list === undefined && !/^[\w.]+$/.test(path)) throw new Unsupported(`variable $post_arg.${path}`);
    const body = parsed(ctx, path);
    if (list === undefined) return path.split(".").reduce(field, body) as VarValue;
    const value = field(body, list);
    return typeof value === "object" && value !== null && Object.keys(value).length > 0 ? value : undefined;
}

function field(value: unknown, name: string): unknown {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>)[bytes(name)] : undefined;
}

/** The parsed body; undefined if it is not JSON. */
function parsed(ctx: Context, path: string): unknown {
    const { bodyRead, notes } = ctx;
    if (!bodyRead) throw new BodyNeeded(`variable $post_arg.${path} outside of fault-injection and workflow`);
    if (!notes.has(parsed))
        notes.set(
            parsed,
            attempt(() => decodeJson(bodyRead.toString("latin1"))),
        );
    return notes.get(parsed);
}
