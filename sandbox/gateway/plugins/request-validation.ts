import { z } from "zod";
import { decodeJson, encodeJson } from "../lua/cjson";
import { compileSchema, type Check } from "../lua/schema";
import type { Context } from "../request/context";
import type { Exit } from "../request/types";
import { Unsupported } from "../unsupported";
import { AMOUNT, definePlugin, OBJECT } from "./plugin";

const REJECTED: Exit = { code: 400, body: "the request does not match the schema" };

/**
 * request-validation: validates the headers, then the body as JSON, whatever its Content-Type. The body is encoded again before
 * it is forwarded. Unsupported: forms. Not emulated: the text of a rejection, which names the violated rule.
 */
export const requestValidation = definePlugin({
    name: "request-validation",
    priority: 2800,
    schema: z.strictObject({
        header_schema: OBJECT,
        body_schema: OBJECT.optional(),
        max_req_body_size: AMOUNT.default(64 * 1024 * 1024),
    }),
    create: ({ header_schema, body_schema, max_req_body_size: max }) => {
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
    const value = decodeJson(raw.toString("latin1"));
    // for Lua, a decoded false is the same as a failure
    if (value === undefined || value === false || !check(value)) return REJECTED;
    const text = encodeJson(value);
    if (text === undefined) return { code: 500 };
    ctx.bodyRead = Buffer.from(text, "latin1");
    return undefined;
}
