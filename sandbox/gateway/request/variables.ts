/** The variables of nginx and APISIX that configurations may name. */
import type { Context } from "./context";
import type { VarValue } from "../lua/expr";
import { bytes } from "../http/headers";
import { NotImitated } from "../not-imitated";

/** Variables of nginx and APISIX that exist but that nothing here computes. */
const OTHER_VARIABLES =
    /^(ssl_|time_|request_time$|msec$|pid$|connection|bytes_sent$|body_bytes_sent$|request_id$|request_length$|nginx_version$|upstream_|geoip|graphql_|post_arg|uri_param_|body_|tcpinfo_|proxy_protocol_|llm_|ai_)/;

/** Undefined if the variable has no value or is unknown. */
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
    if (name.startsWith("cookie_")) return ctx.cookie(name.slice(7));
    if (name.startsWith("sent_http_")) return ctx.response.get(name.slice(10).replace(/_/g, "-"));
    const query = ctx.args === undefined ? "" : `?${ctx.args}`;
    switch (name) {
        case "uri":
        case "document_uri":
            return ctx.uri;
        case "request_uri":
            return ctx.uri + query;
        case "real_request_uri":
            return ctx.unparsed;
        case "args":
        case "query_string":
            return ctx.args;
        case "is_args":
            return ctx.args === undefined ? "" : "?";
        case "host":
            return ctx.host;
        case "request_method":
        case "method":
            return ctx.method;
        case "scheme":
            return ctx.scheme;
        case "server_protocol":
            return `HTTP/${ctx.request.httpVersion}`;
        case "remote_addr":
        case "realip_remote_addr":
            return name === "remote_addr" ? ctx.remoteAddress : ctx.peer.address;
        case "remote_port":
            return String(ctx.peer.port);
        case "server_addr":
            return ctx.peer.localAddress;
        case "server_port":
            return String(ctx.peer.localPort);
        case "content_type":
            return ctx.headers.get("content-type");
        case "content_length":
            return ctx.headers.get("content-length");
        case "consumer_name":
            return ctx.consumer && bytes(ctx.consumer.username);
        case "route_id":
            return ctx.route?.id;
        case "route_name":
            return ctx.route?.name;
        case "service_id":
            return ctx.route?.serviceId;
        case "service_name":
            return ctx.route?.serviceName;
        case "status":
            return ctx.status === 0 ? undefined : ctx.status;
        case "upstream_status":
            return ctx.upstreamStatuses.length > 0 ? ctx.upstreamStatuses.join(", ") : undefined;
        case "balancer_ip":
            return ctx.node?.host;
        case "balancer_port":
            return ctx.node && String(ctx.node.port);
        default:
            if (OTHER_VARIABLES.test(name)) throw new NotImitated(`variable $${name}`);
            return undefined;
    }
}
