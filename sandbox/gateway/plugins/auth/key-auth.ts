import { bytes } from "../../http/headers";
import { anonymousOr, attachConsumer } from "./attach";
import { definePlugin } from "../define";

interface KeyAuthConf {
    header: string;
    query: string;
    realm: string;
    hide_credentials?: boolean;
    anonymous_consumer?: string;
}

/** key-auth reads the key from the header, and from the query argument only if the header is missing (not if it is empty). */
export const keyAuth = definePlugin<KeyAuthConf>({
    name: "key-auth",
    priority: 2500,
    auth: {
        keyField: "key",
        consumerSchema: { type: "object", properties: { key: { type: "string" } }, required: ["key"] },
    },
    encryptFields: ["key"],
    schema: {
        type: "object",
        properties: {
            header: { type: "string", default: "apikey" },
            query: { type: "string", default: "apikey" },
            realm: { type: "string", default: "key" },
            hide_credentials: { type: "boolean", default: false },
            anonymous_consumer: { type: "string", minLength: 1 },
        },
    },
    create: (conf, _, tools) => {
        const challenge = `apikey realm="${conf.realm}"`;
        const query = bytes(conf.query);
        return {
            rewrite(ctx) {
                const header = ctx.header(conf.header);
                const values = header === undefined ? ctx.queryArgs.get(query) : undefined;
                if (header === undefined && values === undefined)
                    return anonymousOr(ctx, tools, conf.anonymous_consumer, challenge, "Missing API key in request");

                const hide = () => {
                    if (!conf.hide_credentials) return;
                    if (header !== undefined) ctx.headers.delete(conf.header);
                    else ctx.removeQueryArg(query);
                };
                // a repeated argument, or one without a value, matches no key
                const [only] = values ?? [];
                const key = header ?? (values?.length === 1 && only !== true ? only : undefined);
                const consumer = key === undefined ? undefined : tools.findConsumer("key-auth", "key", key);
                if (!consumer) {
                    const message = "Invalid API key in request";
                    const exit = anonymousOr(ctx, tools, conf.anonymous_consumer, challenge, message);
                    if (!exit && conf.hide_credentials) {
                        // before the anonymous consumer is used, APISIX 3.18 removes both the header and the query argument
                        ctx.headers.delete(conf.header);
                        if (ctx.queryArgs.has(query)) ctx.removeQueryArg(query);
                    }
                    return exit;
                }
                hide();
                attachConsumer(ctx, consumer);
            },
        };
    },
});
