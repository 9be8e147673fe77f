/** Variables of nginx and APISIX that configurations can use. */
import type { Context } from "./context";
import type { VarValue } from "../lua/expr";
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";
import { postArgument } from "./post-arguments";

/**
 * Variables on language models that APISIX's nginx configuration declares, with their initial values (apisix/cli/ngx_tpl.lua).
 * Lua can set them in ctx.var and ngx.var.
 */
export const LLM_VARIABLES: ReadonlyMap<string, string> = new Map([
    ["request_type", "traditional_http"],
    ["request_llm_model", ""],
    ["llm_model", ""],
    ["llm_prompt_tokens", "0"],
    ["llm_completion_tokens", "0"],
]);

const VARIABLES: Record<string, (ctx: Context) => VarValue> = {
    uri: (ctx) => ctx.nginxUri ?? ctx.target.uri,
    real_request_uri: (ctx) => ctx.target.unparsed,
    args: (ctx) => ctx.target.args,
    scheme: (ctx) => ctx.scheme,
    remote_addr: (ctx) => ctx.remoteAddress,
    consumer_name: (ctx) => ctx.consumer && bytes(ctx.consumer.username),
    route_id: (ctx) => ctx.route?.id,
    status: (ctx) => (ctx.status === 0 ? undefined : ctx.status),
};

/** Returns the value of a variable; undefined if it has none. @throws Unsupported for an unknown variable */
export function lookupVariable(ctx: Context, name: string): VarValue {
    if (name.startsWith("http_")) return ctx.headers.joined(name.slice("http_".length));
    if (name.startsWith("sent_http_")) return ctx.response.joined(name.slice("sent_http_".length));
    if (name.startsWith("post_arg.")) return postArgument(ctx, name.slice("post_arg.".length));
    if (ctx.variables.has(name)) return ctx.variables.get(name);
    if (!Object.hasOwn(VARIABLES, name)) throw new Unsupported(`variable $${name}`);
    return VARIABLES[name](ctx);
}

/** Rejects a text in which APISIX would replace variables. The error does not quote it: it can be a secret. */
export function withoutVariables(text: string): void {
    if (/\$[\w{]/.test(text)) throw new Unsupported("variables in the configuration of plugins");
}
