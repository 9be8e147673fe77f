import { bytes } from "../http/headers";
import { escapePath } from "../http/uri";
import { withoutVariables } from "../request/variables";
import { definePlugin, OBJECT, TEXT } from "./plugin";

interface ProxyRewriteConf {
    uri?: string;
    headers?: { set?: Record<string, string>; remove?: string[] };
}

/** proxy-rewrite: runs in the rewrite phase, so it runs before all access-phase plugins, whatever their priority. */
export const proxyRewrite = definePlugin<ProxyRewriteConf>({
    name: "proxy-rewrite",
    priority: 1008,
    fields: {
        uri: { type: "string", pattern: "^/[^?]*$" },
        headers: {
            ...OBJECT,
            properties: { add: { not: {} }, set: OBJECT, remove: { type: "array", minItems: 1, items: TEXT } },
            anyOf: [{ required: ["set"] }, { required: ["remove"] }],
        },
    },
    create: ({ uri, headers: { set = {}, remove = [] } = {} }) => {
        for (const text of [uri ?? "", ...Object.values(set)]) withoutVariables(text);
        const path = uri === undefined ? undefined : escapePath(bytes(uri));
        return {
            rewrite(ctx) {
                // an empty value removes a header
                for (const [name, value] of Object.entries(set)) ctx.headers.set(name, bytes(value) || undefined);
                for (const name of remove) ctx.headers.delete(name);
                if (path === undefined) return;
                ctx.nginxUri = path; // ngx.req.set_uri also sets nginx's variable `uri`
                ctx.upstreamUri = path + (ctx.args === undefined ? "" : `?${ctx.args}`);
            },
        };
    },
});
