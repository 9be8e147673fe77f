/** Schemas of the Admin API's objects (APISIX 3.18) that the ingress controller writes. */
import { checksSchema } from "./health-checks";
import type { Schema } from "./jsonschema";

export const idSchema = {
    oneOf: [
        { type: "string", minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9-_.]+$" },
        { type: "integer", minimum: 1 },
    ],
};

const hostSchema = { type: "string", pattern: "^\\*?[0-9a-zA-Z-._\\[\\]:]+$" };
const ipv4Part = "([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
const ipv4 = [ipv4Part, ipv4Part, ipv4Part, ipv4Part].join("\\.");
const ipv6 = "([a-fA-F0-9]{0,4}:){1,8}(:[a-fA-F0-9]{0,4}){0,8}([a-fA-F0-9]{0,4})?";
const ipSchemas = [
    { title: "IPv4", type: "string", format: "ipv4" },
    { title: "IPv4/CIDR", type: "string", pattern: `^${ipv4}/([12]?[0-9]|3[0-2])$` },
    { title: "IPv6", type: "string", format: "ipv6" },
    { title: "IPv6/CIDR", type: "string", pattern: `^${ipv6}/[0-9]{1,3}$` },
];

const timestamp = { type: "integer" };
const name = { type: "string", minLength: 1, maxLength: 256 };
const desc = { type: "string", maxLength: 256 };
const plugins = { type: "object" };
const labels = {
    type: "object",
    patternProperties: { ".*": { type: "string", pattern: "^\\S+$", maxLength: 256, minLength: 1 } },
};
const seconds = { type: "number", exclusiveMinimum: 0 };
const timeout = {
    type: "object",
    properties: { connect: seconds, send: seconds, read: seconds },
    required: ["connect", "send", "read"],
};
const stamps = { create_time: timestamp, update_time: timestamp };

const nodes = {
    anyOf: [
        { type: "object", patternProperties: { ".*": { type: "integer", minimum: 0 } } },
        {
            type: "array",
            items: {
                type: "object",
                properties: {
                    host: hostSchema,
                    port: { type: "integer", minimum: 1, maximum: 65535 },
                    weight: { type: "integer", minimum: 0 },
                    priority: { type: "integer", default: 0 },
                    metadata: { type: "object" },
                },
                required: ["host", "weight"],
            },
        },
    ],
};

const upstreamSchema = {
    type: "object",
    properties: {
        ...stamps,
        nodes,
        retries: { type: "integer", minimum: 0 },
        retry_timeout: { type: "number", minimum: 0 },
        timeout,
        tls: { type: "object" },
        keepalive_pool: {
            type: "object",
            properties: {
                size: { type: "integer", default: 320, minimum: 1 },
                idle_timeout: { type: "number", default: 60, minimum: 0 },
                requests: { type: "integer", default: 1000, minimum: 1 },
            },
        },
        type: { type: "string", default: "roundrobin" },
        checks: checksSchema,
        hash_on: {
            type: "string",
            default: "vars",
            enum: ["vars", "header", "cookie", "consumer", "vars_combinations"],
        },
        key: { type: "string" },
        scheme: { default: "http", enum: ["grpc", "grpcs", "http", "https", "tcp", "tls", "udp", "kafka"] },
        labels,
        discovery_type: { type: "string" },
        discovery_args: { type: "object" },
        pass_host: { type: "string", enum: ["pass", "node", "rewrite"], default: "pass" },
        upstream_host: hostSchema,
        service_name: { type: "string", maxLength: 256, minLength: 1 },
        name,
        desc,
        id: idSchema,
    },
    oneOf: [{ required: ["nodes"] }, { required: ["service_name", "discovery_type"] }],
    additionalProperties: false,
};

const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE"];
const eitherOrNone = (one: string, many: string) => ({
    oneOf: [{ not: { anyOf: [{ required: [one] }, { required: [many] }] } }, { required: [one] }, { required: [many] }],
});
const address = { type: "string", anyOf: ipSchemas };

const route = {
    type: "object",
    properties: {
        ...stamps,
        id: idSchema,
        uri: { type: "string", minLength: 1, maxLength: 4096 },
        uris: { type: "array", items: { type: "string" }, minItems: 1, uniqueItems: true },
        name,
        desc,
        priority: { type: "integer", default: 0 },
        methods: { type: "array", items: { type: "string", enum: methods }, uniqueItems: true },
        host: hostSchema,
        hosts: { type: "array", items: hostSchema, minItems: 1, uniqueItems: true },
        remote_addr: address,
        remote_addrs: { type: "array", items: address, minItems: 1, uniqueItems: true },
        timeout,
        vars: { type: "array" },
        filter_func: { type: "string", minLength: 10, pattern: "^function" },
        script: { type: "string", minLength: 10, maxLength: 102400 },
        script_id: idSchema,
        plugins,
        plugin_config_id: idSchema,
        upstream: upstreamSchema,
        labels,
        service_id: idSchema,
        upstream_id: idSchema,
        enable_websocket: { type: "boolean" },
        status: { type: "integer", enum: [1, 0], default: 1 },
    },
    allOf: [
        { oneOf: [{ required: ["uri"] }, { required: ["uris"] }] },
        eitherOrNone("host", "hosts"),
        eitherOrNone("remote_addr", "remote_addrs"),
    ],
    anyOf: ["uri", "uris"].flatMap((uri) =>
        ["plugins", "upstream", "upstream_id", "service_id"].map((needs) => ({ required: [needs, uri] })),
    ),
    additionalProperties: false,
};

const service = {
    type: "object",
    properties: {
        ...stamps,
        id: idSchema,
        plugins,
        upstream: upstreamSchema,
        upstream_id: idSchema,
        name,
        desc,
        labels,
        script: { type: "string", minLength: 10, maxLength: 102400 },
        enable_websocket: { type: "boolean" },
        hosts: { type: "array", items: hostSchema, minItems: 1, uniqueItems: true },
    },
    additionalProperties: false,
};

const consumer = {
    type: "object",
    properties: {
        ...stamps,
        username: { type: "string", minLength: 1, maxLength: name.maxLength, pattern: "^[a-zA-Z0-9_\\-]+$" },
        group_id: idSchema,
        plugins,
        labels,
        desc,
    },
    required: ["username"],
    additionalProperties: false,
};

const credential = {
    type: "object",
    properties: { ...stamps, id: idSchema, plugins: { type: "object", maxProperties: 1 }, name, labels, desc },
    additionalProperties: false,
};

const withPlugins = {
    type: "object",
    properties: { ...stamps, id: idSchema, name, desc, plugins, labels },
    required: ["plugins"],
    additionalProperties: false,
};

export const OBJECT_SCHEMAS: Record<string, Schema> = {
    routes: route,
    services: service,
    upstreams: upstreamSchema,
    consumers: consumer,
    credentials: credential,
    plugin_configs: withPlugins,
    global_rules: withPlugins,
};

/** Fields that APISIX adds to the schema of every plugin. */
export const metaSchema = {
    type: "object",
    properties: {
        disable: { type: "boolean" },
        error_response: { oneOf: [{ type: "string" }, { type: "object" }] },
        priority: { type: "integer" },
        filter: { type: "array", maxItems: 20 },
        pre_function: { type: "string" },
    },
};
