import { Unsupported } from "../unsupported";
import { definePlugin } from "./define";

interface RedirectConf {
    http_to_https?: boolean;
    uri?: string;
    regex_uri?: string[];
    append_query_string?: boolean;
}

/**
 * redirect with http_to_https; other forms are unsupported. The port in the redirect is plugin_attr.redirect.https_port, or
 * else the port of apisix.ssl.listen, which is the port in the container. Facts: apisix/plugins/redirect.lua.
 */
export const redirect = definePlugin<RedirectConf>({
    name: "redirect",
    priority: 900,
    schema: {
        type: "object",
        properties: {
            ret_code: { type: "integer", minimum: 200, default: 302 },
            uri: { type: "string", minLength: 2 },
            regex_uri: { type: "array", maxItems: 2, minItems: 2, items: { type: "string" } },
            http_to_https: { type: "boolean" },
            encode_uri: { type: "boolean", default: false },
            append_query_string: { type: "boolean", default: false },
        },
        oneOf: [{ required: ["uri"] }, { required: ["regex_uri"] }, { required: ["http_to_https"] }],
    },
    check: (conf) => {
        if (conf.uri !== undefined || conf.regex_uri !== undefined)
            throw new Unsupported("redirect with uri or regex_uri");
        if (conf.http_to_https && conf.append_query_string)
            return "only one of `http_to_https` and `append_query_string` can be configured.";
        return undefined;
    },
    create: ({ http_to_https }, _, tools) => ({
        rewrite(ctx) {
            // The gateway has already replaced this header if the client is untrusted.
            const scheme = ctx.header("X-Forwarded-Proto") ?? ctx.scheme;
            if (!http_to_https || scheme !== "http") return undefined;
            const port = tools.httpsPort();
            const at = port === undefined || port === 443 || port <= 0 || port > 65535 ? "" : `:${port}`;
            ctx.response.set("Location", `https://${ctx.host}${at}${ctx.unparsed}`);
            return { code: ["GET", "HEAD"].includes(ctx.method) ? 301 : 308 };
        },
    }),
});
