import { z } from "zod";
import { Unsupported } from "../../unsupported";
import { definePlugin, TEXT } from "../plugin";
import { attachConsumer, unauthorized } from "./attach";

/** key-auth reads the key from a header. Unsupported: from the query string, which this project disables by an empty name. */
export const keyAuth = definePlugin({
    name: "key-auth",
    priority: 2500,
    credential: z.strictObject({ key: z.string() }),
    schema: z.strictObject({
        header: TEXT.default("apikey"),
        query: z.literal("").optional(),
        hide_credentials: z.boolean().optional(),
    }),
    create: ({ header, query, hide_credentials: hide }, _, tools) => ({
        rewrite(ctx) {
            const refuse = (message: string) => unauthorized(ctx, 'apikey realm="key"', message);
            const key = ctx.header(header);
            if (key === undefined && query === undefined && ctx.target.args !== undefined)
                throw new Unsupported("key-auth with a query string");
            if (key === undefined) return refuse("Missing API key in request");
            const consumer = tools.findConsumer("key-auth", key);
            if (!consumer) return refuse("Invalid API key in request");
            if (hide) ctx.headers.delete(header);
            attachConsumer(ctx, consumer);
            return undefined;
        },
    }),
});
