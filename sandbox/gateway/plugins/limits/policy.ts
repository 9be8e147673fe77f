/**
 * What the limit plugins share: the option `policy`, which decides whether the counters are in this process or in a Redis that
 * gateways share, the name of the counters, and the rejection.
 */
import { confVersion } from "../../counters/counters";
import { RedisFailure, type RedisConf } from "../../counters/redis-connections";
import type { Fields } from "../../lua/schema";
import type { Context } from "../../request/context";
import type { Exit } from "../../request/types";
import { FLAG, AMOUNT, TEXT, type PluginTools } from "../plugin";

export interface PolicyConf extends RedisConf {
    policy?: "local" | "redis";
    allow_degradation?: boolean;
    rejected_code: number;
    rejected_msg?: string;
}

export const POLICY_FIELDS: Fields = {
    policy: { enum: ["local", "redis"] },
    redis_host: TEXT,
    redis_port: AMOUNT,
    redis_timeout: AMOUNT,
    allow_degradation: FLAG,
    rejected_code: { type: "integer", minimum: 200, maximum: 599 },
    rejected_msg: TEXT,
};

/** The field `key`: the variable by which requests are counted. */
export const KEY = { enum: ["consumer_name", "route_id", "remote_addr"] };

/** The value of the variable, or the client's address, for example if the request has no consumer. */
export function limitKey(ctx: Context, key = "remote_addr"): string {
    return String(ctx.lookup(key) ?? ctx.remoteAddress);
}

/**
 * Names the counters of a plugin by the key of its object and the text of its configuration. The counters are therefore
 * reset if the configuration changes, and are kept if the same configuration is written again.
 */
export function countersName(parentKey: string, conf: object): string {
    return `${parentKey}:${confVersion(conf)}`;
}

export function rejection({ rejected_code: code, rejected_msg: message }: PolicyConf): Exit {
    return { code, body: message === undefined ? undefined : { error_msg: message } };
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
