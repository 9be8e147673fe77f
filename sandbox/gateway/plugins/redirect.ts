import { z } from "zod";
import { definePlugin } from "./plugin";

/**
 * redirect with http_to_https. The port in the redirect is plugin_attr.redirect.https_port, or else the port of
 * apisix.ssl.listen, which is the port in the container. Facts: apisix/plugins/redirect.lua.
 */
export const redirect = definePlugin({
    name: "redirect",
    priority: 900,
    schema: z.strictObject({ http_to_https: z.literal(true) }),
    create: (_conf, _, { httpsPort: port }) => ({
        rewrite(ctx) {
            if (ctx.scheme !== "http") return undefined;
            const host = (ctx.headers.get("host") ?? "").toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
            const at = port === undefined || port === 443 ? "" : `:${port}`;
            ctx.response.set("Location", `https://${host}${at}${ctx.target.unparsed}`);
            return { code: ["GET", "HEAD"].includes(ctx.method) ? 301 : 308 };
        },
    }),
});
