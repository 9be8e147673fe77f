import { CjsonError, decodeJson } from "../lua/cjson";
import { encodeJson } from "../lua/cjson-encode";
import type { Context } from "../request/context";
import { bytes } from "../http/headers";
import { SchemaCrash, compileSchema, type Check, type Schema } from "../schema/jsonschema";
import type { Exit } from "../request/types";
import { decodeArgs } from "../http/uri";
import { definePlugin } from "./define";

interface ValidationConf {
    header_schema?: Schema;
    body_schema?: Schema;
    rejected_code: number;
    rejected_msg?: string;
    max_req_body_size: number;
}

/** Default of max_req_body_size: 64 MiB. */
const MAX_BODY = 67_108_864;

/**
 * request-validation: validates the headers, then the body as JSON (whatever its Content-Type) or, for
 * application/x-www-form-urlencoded, as a form. JSON is encoded again before it is forwarded, a form is forwarded unchanged.
 */
export const requestValidation = definePlugin<ValidationConf>({
    name: "request-validation",
    priority: 2800,
    schema: {
        type: "object",
        properties: {
            header_schema: { type: "object" },
            body_schema: { type: "object" },
            rejected_code: { type: "integer", minimum: 200, maximum: 599, default: 400 },
            rejected_msg: { type: "string", minLength: 1, maxLength: 256 },
            max_req_body_size: { type: "integer", minimum: 1, default: MAX_BODY },
        },
        anyOf: [{ required: ["header_schema"] }, { required: ["body_schema"] }],
    },
    check: (conf) => {
        for (const schema of [conf.body_schema, conf.header_schema]) {
            if (schema === undefined) continue;
            try {
                compileSchema(toBytes(schema) as Schema, true);
            } catch (error) {
                if (error instanceof SchemaCrash) return error.message;
                throw error;
            }
        }
        return undefined;
    },
    create: (conf) => {
        const compile = (schema: Schema | undefined) =>
            schema === undefined ? undefined : compileSchema(toBytes(schema) as Schema, true);
        const [headers, body] = [compile(conf.header_schema), compile(conf.body_schema)];
        const refuse = (message?: string): Exit => ({
            code: conf.rejected_code,
            body:
                conf.rejected_msg ??
                (message === undefined ? undefined : Buffer.from(message, "latin1").toString("utf8")),
        });
        return {
            async rewrite(ctx) {
                const table = ctx.headerTable();
                try {
                    const error = headers?.(table);
                    if (error !== undefined) return refuse(error);
                    if (body) return await checkBody(ctx, body, table["content-type"], conf.max_req_body_size, refuse);
                } catch (error) {
                    if (error instanceof SchemaCrash) return { code: 500 };
                    throw error;
                }
            },
        };
    },
});

async function checkBody(
    ctx: Context,
    check: Check,
    contentType: string | string[] | undefined,
    max: number,
    refuse: (message?: string) => Exit,
): Promise<Exit | undefined> {
    const raw = await ctx.readBody();
    if (raw.length === 0 || raw.length > max || Array.isArray(contentType)) return refuse();
    const text = raw.toString("latin1");

    if (contentType?.toLowerCase().startsWith("application/x-www-form-urlencoded")) {
        const form: Record<string, unknown> = {};
        for (const [name, values] of decodeArgs(text, 0)) form[name] = values.length === 1 ? values[0] : values;
        const error = check(form);
        return error === undefined ? undefined : refuse(error);
    }

    let value: unknown;
    try {
        value = decodeJson(text);
    } catch (error) {
        if (error instanceof CjsonError) return refuse(error.message);
        throw error;
    }
    if (value === false) return refuse(); // for Lua, a decoded false is the same as a failure
    const error = check(value);
    if (error !== undefined) return refuse(error);
    try {
        ctx.replaceBody(Buffer.from(encodeJson(value), "latin1"));
    } catch (error) {
        if (error instanceof CjsonError) return { code: 500 }; // NaN and Infinity cannot be encoded
        throw error;
    }
    return undefined;
}

/** Converts the texts of a schema to one byte per character, as in request bodies. */
function toBytes(value: unknown): unknown {
    if (typeof value === "string") return bytes(value);
    if (Array.isArray(value)) return value.map(toBytes);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [bytes(k), toBytes(v)]));
}
