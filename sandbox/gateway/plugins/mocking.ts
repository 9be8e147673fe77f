import { setTimeout as sleep } from "node:timers/promises";
import { SERVER } from "../http/nginx";
import { Unsupported } from "../unsupported";
import { definePlugin } from "./define";

interface MockingConf {
    delay: number;
    response_status: number;
    content_type: string;
    response_example?: string;
    response_schema?: object;
    with_mock_header: boolean;
    response_headers?: Record<string, string | number>;
}

const TYPES = ["application/xml", "application/json", "text/plain", "text/html", "text/xml"];

/** mocking: a fixed answer. Unsupported: random answers from response_schema. */
export const mocking = definePlugin<MockingConf>({
    name: "mocking",
    priority: 10900,
    schema: {
        type: "object",
        properties: {
            delay: { type: "integer", default: 0 },
            response_status: { type: "integer", default: 200, minimum: 100 },
            content_type: { type: "string", default: "application/json;charset=utf8" },
            response_example: { type: "string" },
            response_schema: { type: "object" },
            with_mock_header: { type: "boolean", default: true },
            response_headers: {
                type: "object",
                minProperties: 1,
                patternProperties: { "^[^:]+$": { oneOf: [{ type: "string" }, { type: "number" }] } },
            },
        },
        anyOf: [{ required: ["response_example"] }, { required: ["response_schema"] }],
    },
    check: (conf) => {
        if (!TYPES.includes(conf.content_type.split(";")[0])) return "unsupported content type!";
        if (conf.response_example === undefined) throw new Unsupported("mocking with response_schema");
        return undefined;
    },
    create: (conf) => ({
        async access(ctx) {
            ctx.response.set("Content-Type", conf.content_type);
            if (conf.with_mock_header) ctx.response.set("x-mock-by", SERVER);
            for (const [name, value] of Object.entries(conf.response_headers ?? {}))
                ctx.response.set(name, ctx.resolve(String(value)).text);
            if (conf.delay > 0) await sleep(conf.delay * 1000);
            const { text } = ctx.resolve(conf.response_example ?? "");
            return { code: conf.response_status, body: Buffer.from(text, "latin1").toString("utf8") };
        },
    }),
});
