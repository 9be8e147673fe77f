/** Variables of nginx and APISIX that configurations can use. */
import type { Context } from "./context";
import type { VarValue } from "../lua/expr";
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";
import { postArgument } from "./post-arguments";

/** Unsupported variables of nginx and APISIX. */
const OTHER_VARIABLES =
    /^(ssl_|time_|request_time$|msec$|pid$|connection|bytes_sent$|body_bytes_sent$|request_id$|request_length$|nginx_version$|upstream_|geoip|graphql_|post_arg|uri_param_|body_|tcpinfo_|proxy_protocol_|llm_|ai_)/;

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
    ["llm_total_tokens", "0"],
    ["llm_end_user_id", ""],
]);

/**
 * Returns the value of a variable. Undefined if the variable has no value or is unknown. @throws Unsupported for a variable
 * of OTHER_VARIABLES
 */
export function lookupVariable(ctx: Context, name: string): VarValue {
    if (name.startsWith("http_")) {
        const wanted = name.slice(5).toLowerCase().replace(/-/g, "_");
        const values = [...ctx.headers].filter(([n]) => n.toLowerCase().replace(/-/g, "_") === wanted);
        return values.length > 0 ? values.map(([, v]) => v).join(", ") : undefined;
    }
    if (name.startsWith("arg_")) {
        const value = ctx.queryArgs.get(name.slice(4))?.[0];
        return value === true ? "" : value;
    }
    if (name.startsWith("post_arg.")) return postArgument(ctx, name.slice("post_arg.".length));
    if (LLM_VARIABLES.has(name)) return ctx.variables.get(name);
    if (name.startsWith("cookie_")) return ctx.cookie(name.slice(7));
    if (name.startsWith("sent_http_")) return ctx.response.get(name.slice(10).replace(/_/g, "-"));
    if (Object.hasOwn(VARIABLES, name)) return VARIABLES[name](ctx);
    if (OTHER_VARIABLES.test(name)) throw new Unsupported(`variable $${name}`);
    return undefined;
}

const query = ({ args }: Context) => (args === undefined ? "" : `?${args}`);

const VARIABLES: Record<string, (ctx: Context) => VarValue> = {
    uri: (ctx) => ctx.uri,
    document_uri: (ctx) => ctx.uri,
    request_uri: (ctx) => ctx.uri + query(ctx),
    real_request_uri: (ctx) => ctx.unparsed,
    args: (ctx) => ctx.args,
    query_string: (ctx) => ctx.args,
    is_args: (ctx) => (ctx.args === undefined ? "" : "?"),
    host: (ctx) => ctx.host,
    request_method: (ctx) => ctx.method,
    method: (ctx) => ctx.method,
    scheme: (ctx) => ctx.scheme,
    server_protocol: (ctx) => `HTTP/${ctx.request.httpVersion}`,
    remote_addr: (ctx) => ctx.remoteAddress,
    realip_remote_addr: (ctx) => ctx.peer.address,
    remote_port: (ctx) => String(ctx.peer.port),
    server_addr: (ctx) => ctx.peer.localAddress,
    server_port: (ctx) => String(ctx.peer.localPort),
    content_type: (ctx) => ctx.headers.get("content-type"),
    content_length: (ctx) => ctx.headers.get("content-length"),
    consumer_name: (ctx) => ctx.consumer && bytes(ctx.consumer.username),
    route_id: (ctx) => ctx.route?.id,
    route_name: (ctx) => ctx.route?.name,
    service_id: (ctx) => ctx.route?.serviceId,
    service_name: (ctx) => ctx.route?.serviceName,
    status: (ctx) => (ctx.status === 0 ? undefined : ctx.status),
    upstream_status: (ctx) => (ctx.upstreamStatuses.length > 0 ? ctx.upstreamStatuses.join(", ") : undefined),
    balancer_ip: (ctx) => ctx.node?.host,
    balancer_port: (ctx) => ctx.node && String(ctx.node.port),
};
