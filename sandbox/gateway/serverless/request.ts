/**
 * Implements ngx.* and ctx.* for a request. Facts: the reference of lua-nginx-module and lua-resty-core; recordings in which
 * Lua reads ngx.status, and writes and empties ngx.header. ngx.req was tried with APISIX 3.18.0.
 */
import type { Context } from "../request/context";
import { bytes } from "../http/headers";
import { NginxExit } from "../http/nginx";
import { LLM_VARIABLES } from "../request/variables";
import { Unsupported } from "../unsupported";
import type { LuaPhase } from "../request/types";
import type { LuaRequest } from "./machine";

/** Headers that nginx writes itself, whatever value Lua gives them. */
const NGINX_OWN = new Set(["server", "date", "connection", "keep-alive", "transfer-encoding"]);
/**
 * Variables that Lua can read with ngx.var. `Context.lookup`, which also has variables of APISIX, returns the same value
 * for them as ngx.var.
 */
const NGINX_VARIABLES = /^(uri|args|host|request_method|scheme|remote_addr|server_port|http_\w+|sent_http_\w+)$/;

/** Request headers that also control the connection. */
const FRAMING = new Set(["host", "connection", "content-length", "transfer-encoding", "expect", "te", "upgrade"]);
/** Phases in which the head of the answer is already sent. */
const AFTER_HEAD = new Set<LuaPhase>(["body_filter", "log"]);
/** Phases of nginx in which APISIX runs its own phases of other names. */
const NGINX_PHASES: Partial<Record<LuaPhase, string>> = { rewrite: "access" };

/**
 * Answers one call of a running Lua function. Strings have one byte per character.
 * @param request undefined while the Lua text is loaded: it runs once to return its function
 */
export function answerLua(
    request: LuaRequest | undefined,
    what: string,
    name: string,
    values: string[],
): string[] | undefined {
    if (what === "refuse") throw new Unsupported(name);
    if (!request) throw new Unsupported("Lua code that reads the request outside of the returned function");
    const { ctx, phase, chunk } = request;
    if (AFTER_HEAD.has(phase) && /^(set (header|status|request header)|exit)$/.test(what))
        throw new Unsupported(`${what} in phase ${phase}`);
    switch (what) {
        case "get header":
            return ctx.response.all(headerName(name));
        case "set header":
            return setHeader(ctx, headerName(name), values);
        case "get request headers":
            return requestHeaders(ctx);
        case "set request header":
            return setRequestHeader(ctx, phase, name, values);
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
        case "set ctx.var":
            if (!LLM_VARIABLES.has(name)) throw new Unsupported(`setting ctx.var.${name} in Lua`);
            return setVariable(ctx, name, values[0]);
        case "get ctx.var":
            return variable(ctx, name);
        case "get ctx":
            return consumerField(ctx, name);
        case "set instance":
            return void (ctx.ai.instance = name);
        case "set usage":
            ctx.ai.usage = { ...ctx.ai.usage, [name]: Number(values[0]) };
            return undefined;
        case "get phase":
            return [NGINX_PHASES[phase] ?? phase];
        case "get chunk":
            if (!chunk) throw new Unsupported(`ngx.arg in phase ${phase}`);
            return [chunk.toString("latin1")];
        case "set chunk":
            request.chunk = Buffer.from(values[0] ?? "", "latin1");
            return undefined;
        case "exit":
            return exit(phase, name);
        default:
            throw new Error(`environment.lua made an unknown call: ${what}`);
    }
}

/** Returns `all` or `truncated` (more headers than Lua gets), then each name followed by its value. */
function requestHeaders(ctx: Context): string[] {
    const table = Object.entries(ctx.headerTable());
    const seen = table.flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
    return [ctx.headers.size * 2 > seen.length ? "truncated" : "all", ...seen];
}

/** Sets a request header; without a value, it is removed. Plugins that run later see the change (tried with 3.18.0). */
function setRequestHeader(ctx: Context, phase: LuaPhase, name: string, values: string[]): undefined {
    if (phase === "header_filter" || !/^[\w-]+$/.test(name) || FRAMING.has(name.toLowerCase()))
        throw new Unsupported(`ngx.req.set_header("${name}") in phase ${phase}`);
    if (values.some((value) => /[\x00-\x1f\x7f]/.test(value)))
        throw new Unsupported(`control characters in the value of the request header "${name}"`);
    ctx.headers.delete(name);
    for (const value of values) ctx.headers.add(name, value);
    return undefined;
}

/** Replaces "_" by "-", as ngx.header does, because names in Lua have no hyphens. */
function headerName(name: string): string {
    const spelling = name.replace(/_/g, "-");
    if (NGINX_OWN.has(spelling.toLowerCase())) throw new Unsupported(`ngx.header["${spelling}"]`);
    return spelling;
}

function setHeader(ctx: Context, name: string, values: string[]): undefined {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new Unsupported(`ngx.header["${name}"]`);
    // nginx writes control characters as %XX.
    if (values.some((value) => /[\x00-\x1f\x7f]/.test(value)))
        throw new Unsupported(`control characters in the value of ngx.header["${name}"]`);
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

/** Sets a variable that the nginx configuration declares. For another variable it throws the error of lua-nginx-module. */
function setVariable(ctx: Context, name: string, value: string | undefined): undefined {
    if (value === undefined) throw new Unsupported(`ngx.var.${name} = nil`);
    if (!ctx.variables.has(name))
        throw new Error(
            `variable "${name}" not found for writing; maybe it is a built-in variable that is not changeable or you forgot to use "set $${name} '';" in the config file first`,
        );
    ctx.variables.set(name, value);
    return undefined;
}

/** Fields that an auth plugin has set in ctx (`attach_consumer` of apisix/consumer.lua). */
function consumerField({ consumer }: Context, name: string): string[] | undefined {
    const field = {
        consumer: consumer && "there",
        consumer_name: consumer?.username,
        credential_id: consumer?.credentialId,
    }[name];
    return field === undefined ? undefined : [bytes(field)];
}

/** ngx.exit. A status below 200 would end only the phase, not the request, and is unsupported. */
function exit(phase: LuaPhase, status: string): never {
    if (phase === "header_filter" || !/^[2-5]\d\d$/.test(status))
        throw new Unsupported(`ngx.exit(${status}) in phase ${phase}`);
    throw new NginxExit(Number(status));
}
