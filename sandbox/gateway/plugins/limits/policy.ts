/**
 * The option `policy` of limit plugins. It decides where the counters are: in this process, or in a Redis server that
 * gateways share.
 */
import { Unsupported } from "../../unsupported";
import { RedisFailure, type RedisConf } from "../../counters/redis-connections";
import type { Schema } from "../../schema/jsonschema";
import type { PluginTools } from "../plugin";

/** Options for the storage of the counters. With policy redis, the schema ensures that all fields for Redis have values. */
export interface PolicyConf extends RedisConf {
    policy: "local" | "redis" | "redis-cluster" | "redis-sentinel";
    allow_degradation?: boolean;
}

export const policySchema = {
    policy: { type: "string", enum: ["local", "redis", "redis-cluster", "redis-sentinel"], default: "local" },
    allow_degradation: { type: "boolean", default: false },
};

const redisSchema = {
    redis_host: { type: "string", minLength: 2 },
    redis_port: { type: "integer", minimum: 1, default: 6379 },
    redis_username: { type: "string", minLength: 1 },
    redis_password: { type: "string", minLength: 0 },
    redis_database: { type: "integer", minimum: 0, default: 0 },
    redis_timeout: { type: "integer", minimum: 1, default: 1000 },
    redis_ssl: { type: "boolean", default: false },
    redis_ssl_verify: { type: "boolean", default: false },
    redis_keepalive_timeout: { type: "integer", minimum: 1000, default: 10000 },
    redis_keepalive_pool: { type: "integer", minimum: 1, default: 100 },
};

/** @param more additional fields of a plugin for policy redis */
export function policyBranch(more: Record<string, Schema> = {}) {
    return {
        if: { properties: { policy: { enum: ["redis"] } } },
        then: { properties: { ...redisSchema, ...more }, required: ["redis_host"] },
    };
}

/** Rejects unsupported settings. */
export function checkPolicy(plugin: string, conf: PolicyConf): void {
    if (conf.policy !== "local" && conf.policy !== "redis") throw new Unsupported(`${plugin} policy ${conf.policy}`);
    if (conf.policy === "redis" && /^\$env:\/\//i.test(conf.redis_password ?? ""))
        throw new Unsupported(`$env:// references in ${plugin}`);
}

/**
 * Waits for a result of the counters. If Redis fails, it logs the failure and returns undefined: the plugin then decides
 * whether to admit the request.
 */
export async function unlessFailed<T>(
    plugin: string,
    tools: PluginTools,
    counted: T | Promise<T>,
): Promise<{ value: T } | undefined> {
    try {
        return { value: await counted };
    } catch (error) {
        if (!(error instanceof RedisFailure)) throw error;
        tools.log(`gateway: ${plugin}: shared counters: ${error.message}`);
        return undefined;
    }
}
