import { definePlugin, only } from "./plugin";

/**
 * redirect with http_to_https. The port in the redirect is plugin_attr.redirect.https_port, or else the port of
 * apisix.ssl.listen, which is the port in the container. Facts: apisix/plugins/redirect.lua.
 */
export const redirect = definePlugin<object>({
    name: "redirect",
    priority: 900,
    fields: { http_to_https: only(true) },
    required: ["http_to_https"],
    create: (_conf, _, tools) => ({
        rewrite(ctx) {
            if (ctx.scheme !== "http") return undefined;
            const port = tools.httpsPort();
            const at = port === undefined || port === 443 ? "" : `:${port}`;
            ctx.response.set("Location", `https://${ctx.host}${at}${ctx.unparsed}`);
            return { code: ["GET", "HEAD"].includes(ctx.method) ? 301 : 308 };
        },
    }),
});
