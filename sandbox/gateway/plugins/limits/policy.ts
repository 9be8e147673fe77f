/**
 * What the limit plugins share: the option `policy`, which decides whether the counters are in this process or in a Redis that
 * gateways share, the name of the counters, and the rejection.
 */
import { z } from "zod";
import { confVersion } from "../../counters/counters";
import { RedisFailure } from "../../counters/shared-counters";
import type { Context } from "../../request/context";
import type { Exit } from "../../request/types";
import { AMOUNT, TEXT, type PluginTools } from "../plugin";

/** The variable by which requests are counted. */
export const KEY = z.enum(["consumer_name", "route_id", "remote_addr"]);
export const CODE = { rejected_code: z.int().min(200).max(599) };
export const POLICY = {
    ...CODE,
    policy: z.enum(["local", "redis"]).optional(),
    redis_host: TEXT.optional(),
    redis_timeout: AMOUNT.optional(),
    allow_degradation: z.boolean().optional(),
    rejected_msg: TEXT.optional(),
};
export type PolicyConf = z.infer<z.ZodObject<typeof POLICY>>;

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
 * Adds to the count of a window.
 * @returns the count; if Redis fails, how the request ends, or undefined if it is admitted
 */
export async function countIn(
    conf: PolicyConf,
    { shared, counters, log }: PluginTools,
    key: string,
    window: number,
    delta = 1,
): Promise<{ count: number; leftMs: number } | Exit | undefined> {
    if (conf.policy !== "redis") return counters.count(key, window, delta);
    return shared.count(conf, key, window, delta).catch((error: unknown) => {
        return unlessAdmitted(conf, error, log, { error_msg: "failed to limit count" });
    });
}

/** How a request ends after a failure of Redis; undefined if it is admitted. */
export function unlessAdmitted(
    conf: PolicyConf,
    error: unknown,
    log: PluginTools["log"],
    body?: object,
): Exit | undefined {
    if (!(error instanceof RedisFailure)) throw error;
    log(`gateway: shared counters: ${error.message}`);
    return conf.allow_degradation ? undefined : { code: 500, body };
}
