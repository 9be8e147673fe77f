/**
 * Implements ngx.* and ctx.* for a request. Facts: the reference of lua-nginx-module and lua-resty-core; recordings of reading
 * ngx.status and of writing and emptying ngx.header. ngx.req was run on 3.18.0.
 */
import type { Context } from "../request/context";
import { bytes } from "../http/headers";
import { NginxExit } from "../http/nginx";
import { Unsupported } from "../unsupported";
import type { LuaPhase } from "./machine";

/** Headers that nginx writes itself, whatever the gateway's list has. */
const NGINX_OWN = new Set(["server", "date", "connection", "keep-alive", "transfer-encoding"]);
/** nginx variables with the same value in ngx.var as in the gateway's own lookup, which also has those of APISIX. */
const NGINX_VARIABLES = /^(uri|args|host|request_method|scheme|remote_addr|server_port|http_\w+|sent_http_\w+)$/;

/**
 * Answers one call of a running function. Strings are bytes, one per character.
 * @param request undefined while a text is converted into a function
 */
export function answerLua(
    request: { ctx: Context; phase: LuaPhase } | undefined,
    what: string,
    name: string,
    values: string[],
): string[] | undefined {
    if (what === "refuse") throw new Unsupported(name);
    if (!request) throw new Unsupported("Lua that reads the request before its function is called");
    const { ctx, phase } = request;
    switch (what) {
        case "get header":
            return ctx.response.all(headerName(name));
        case "set header":
            return setHeader(ctx, headerName(name), values);
        case "get request headers":
            return requestHeaders(ctx);
        case "clear request header":
            return clearRequestHeader(ctx, phase, name);
        case "get status":
            return [String(ctx.status)];
        case "set status":
            return setStatus(ctx, values[0]);
        case "get ngx.var":
            if (ctx.variables.has(name)) return [ctx.variables.get(name)!];
            if (!NGINX_VARIABLES.test(name)) throw new Unsupported(`ngx.var.${name}`);
            return variable(ctx, name);
        case "set ngx.var":
            return setVariable(ctx, name, values[0]);
        case "get ctx.var":
            return variable(ctx, name);
        case "get ctx":
            return consumerField(ctx, name);
        case "exit":
            return exit(phase, name);
        default:
            throw new Error(`no answer for ${what}`);
    }
}

/** Whether the list is complete, then names and values in turn. */
function requestHeaders(ctx: Context): string[] {
    const table = Object.entries(ctx.headerTable());
    const seen = table.flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
    return [ctx.headers.size * 2 > seen.length ? "truncated" : "all", ...seen];
}

/** APISIX's plugins read the headers once and keep them: a cleared header would be missing for the upstream only. */
function clearRequestHeader(ctx: Context, phase: LuaPhase, name: string): undefined {
    if (phase === "header_filter" || !name.includes("_")) throw new Unsupported(`ngx.req.clear_header("${name}")`);
    ctx.headers.delete(name);
    return undefined;
}

/** "_" means "-", as Lua names have no hyphens. */
function headerName(name: string): string {
    const spelling = name.replace(/_/g, "-");
    if (NGINX_OWN.has(spelling.toLowerCase())) throw new Unsupported(`ngx.header["${spelling}"]`);
    return spelling;
}

function setHeader(ctx: Context, name: string, values: string[]): undefined {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new Unsupported(`ngx.header["${name}"]`);
    // nginx writes them as %XX.
    if (values.some((value) => /[\x00-\x1f\x7f]/.test(value)))
        throw new Unsupported(`control characters in ngx.header["${name}"]`);
    ctx.response.set(name, values[0]);
    for (const value of values.slice(1)) ctx.response.add(name, value);
    return undefined;
}

function setStatus(ctx: Context, value: string | undefined): undefined {
    if (value === undefined || !/^[2-5]\d\d$/.test(value)) throw new Unsupported(`ngx.status = ${value ?? "nil"}`);
    ctx.status = Number(value);
    return undefined;
}

function variable(ctx: Context, name: string): string[] | undefined {
    const value = ctx.lookup(name);
    return value === undefined ? undefined : [String(value)];
}

/** Only variables of the configuration can be set. For others the message is lua-nginx-module's. */
function setVariable(ctx: Context, name: string, value: string | undefined): undefined {
    if (value === undefined) throw new Unsupported(`ngx.var.${name} = nil`);
    if (!ctx.variables.has(name))
        throw new Error(
            `variable "${name}" not found for writing; maybe it is a built-in variable that is not changeable or you forgot to use "set $${name} '';" in the config file first`,
        );
    ctx.variables.set(name, value);
    return undefined;
}

/** The result of an auth plugin (`attach_consumer` of apisix/consumer.lua). */
function consumerField({ consumer }: Context, name: string): string[] | undefined {
    const field = {
        consumer: consumer && "there",
        consumer_name: consumer?.username,
        credential_id: consumer?.credentialId,
    }[name];
    return field === undefined ? undefined : [bytes(field)];
}

/** Statuses below 200 end the phase, but not the request. */
function exit(phase: LuaPhase, status: string): never {
    if (phase === "header_filter" || !/^[2-5]\d\d$/.test(status))
        throw new Unsupported(`ngx.exit(${status}) in phase ${phase}`);
    throw new NginxExit(Number(status));
}
