/**
 * Schema of an upstream's `checks`, with the defaults of APISIX 3.18 (apisix/schema_def.lua). Fields other than `active` and
 * `passive` are rejected; unknown fields inside `active` and `passive` are ignored.
 */
import type { Schema } from "./jsonschema";

const count = (standard: number) => ({ type: "integer", minimum: 1, maximum: 254, default: standard });
const statuses = (...standard: number[]) => ({
    type: "array",
    minItems: 1,
    items: { type: "integer", minimum: 200, maximum: 599 },
    uniqueItems: true,
    default: standard,
});
const interval = { type: "integer", minimum: 1, default: 1 };

export const checksSchema: Schema = {
    type: "object",
    properties: {
        active: {
            type: "object",
            properties: {
                type: { type: "string", enum: ["http", "https", "tcp"], default: "http" },
                timeout: { type: "number", default: 1 },
                concurrency: { type: "integer", default: 10 },
                host: { type: "string", pattern: "^\\*?[0-9a-zA-Z-._]+$" },
                port: { type: "integer", minimum: 1, maximum: 65535 },
                http_path: { type: "string", default: "/" },
                https_verify_certificate: { type: "boolean", default: true },
                healthy: {
                    type: "object",
                    properties: { interval, http_statuses: statuses(200, 302), successes: count(2) },
                },
                unhealthy: {
                    type: "object",
                    properties: {
                        interval,
                        http_statuses: statuses(429, 404, 500, 501, 502, 503, 504, 505),
                        http_failures: count(5),
                        tcp_failures: count(2),
                        timeouts: count(3),
                    },
                },
                req_headers: { type: "array", minItems: 1, items: { type: "string", uniqueItems: true } },
            },
        },
        passive: { type: "object" },
    },
    additionalProperties: false,
    anyOf: [{ required: ["active"] }, { required: ["active", "passive"] }],
};
