import { z } from "zod";
import { bytes } from "../http/headers";
import { withoutVariables } from "../request/variables";
import { definePlugin, TEXT, TEXTS } from "./plugin";

/** proxy-rewrite: runs in the rewrite phase, so it runs before all access-phase plugins, whatever their priority. */
export const proxyRewrite = definePlugin({
    name: "proxy-rewrite",
    priority: 1008,
    schema: z.strictObject({
        uri: z
            .string()
            .regex(/^\/[^?\s#%]*$/)
            .optional(), // without characters that nginx would escape
        headers: z.strictObject({ set: TEXTS.optional(), remove: z.array(TEXT).min(1).optional() }).optional(),
    }),
    create: ({ uri, headers: { set = {}, remove = [] } = {} }) => {
        for (const text of [uri ?? "", ...Object.values(set)]) withoutVariables(text);
        return {
            rewrite(ctx) {
                // an empty value removes a header
                for (const [name, value] of Object.entries(set)) ctx.headers.set(name, bytes(value) || undefined);
                for (const name of remove) ctx.headers.delete(name);
                if (uri !== undefined) ctx.nginxUri = uri; // ngx.req.set_uri, which keeps the query string
            },
        };
    },
});
