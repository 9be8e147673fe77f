import { attempt, decodeJson, encodeJson } from "../lua/cjson";
import { compileSchema, type Check, type Schema } from "../lua/schema";
import type { Context } from "../request/context";
import type { Exit } from "../request/types";
import { Unsupported } from "../unsupported";
import { definePlugin, AMOUNT, OBJECT } from "./plugin";

interface ValidationConf {
    header_schema: Schema;
    body_schema?: Schema;
    max_req_body_size?: number;
}

/** Default of max_req_body_size: 64 MiB. */
const MAX_BODY = 67_108_864;
const REJECTED: Exit = { code: 400, body: "the request does not match the schema" };

/**
 * request-validation: validates the headers, then the body as JSON, whatever its Content-Type. The body is encoded again before
 * it is forwarded. Unsupported: forms. Not emulated: the text of a rejection, which names the violated rule.
 */
export const requestValidation = definePlugin<ValidationConf>({
    name: "request-validation",
    priority: 2800,
    fields: { header_schema: OBJECT, body_schema: OBJECT, max_req_body_size: AMOUNT },
    required: ["header_schema"],
    create: ({ header_schema, body_schema, max_req_body_size: max = MAX_BODY }) => {
        const headers = compileSchema(header_schema);
        const body = body_schema && compileSchema(body_schema);
        return {
            async rewrite(ctx) {
                const table = ctx.headerTable();
                if (!headers(table)) return REJECTED;
                return body && checkBody(ctx, body, table["content-type"], max);
            },
        };
    },
});

async function checkBody(
    ctx: Context,
    check: Check,
    contentType: string | string[] | undefined,
    max: number,
): Promise<Exit | undefined> {
    const raw = await ctx.readBody();
    if (raw.length === 0 || raw.length > max || Array.isArray(contentType)) return REJECTED;
    if (contentType?.toLowerCase().startsWith("application/x-www-form-urlencoded"))
        throw new Unsupported("request-validation of a form");
    const value = attempt(() => decodeJson(raw.toString("latin1")));
    // for Lua, a decoded false is the same as a failure
    if (value === undefined || value === false || !check(value)) return REJECTED;
    const text = attempt(() => encodeJson(value));
    if (text === undefined) return { code: 500 }; // NaN and Infinity cannot be encoded
    ctx.replaceBody(Buffer.from(text, "latin1"));
    return undefined;
}
