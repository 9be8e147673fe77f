import { Unsupported } from "../../unsupported";
import { definePlugin, FLAG, TEXT } from "../plugin";
import { attachConsumer, unauthorized } from "./attach";

interface KeyAuthConf {
    header?: string;
    query?: string;
    hide_credentials?: boolean;
}

/** key-auth reads the key from a header. Unsupported: from the query string, which this project disables by an empty name. */
export const keyAuth = definePlugin<KeyAuthConf>({
    name: "key-auth",
    priority: 2500,
    credential: { fields: { key: { type: "string" } }, required: ["key"] },
    fields: { header: TEXT, query: { type: "string", maxLength: 0 }, hide_credentials: FLAG },
    create: ({ header = "apikey", query = "apikey", hide_credentials: hide = false }, _, tools) => ({
        rewrite(ctx) {
            const refuse = (message: string) => unauthorized(ctx, 'apikey realm="key"', message);
            const key = ctx.header(header);
            if (key === undefined && query !== "" && ctx.args !== undefined)
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
