import { definePlugin, AMOUNT, TEXT } from "../plugin";
import { countersName, KEY, limitKey, POLICY_FIELDS, rejection, unlessFailed, type PolicyConf } from "./policy";

interface LimitCountConf extends PolicyConf {
    count: number;
    /** Duration of the window in seconds. */
    time_window: number;
    key?: string;
    group?: string;
}

/**
 * limit-count: fixed windows per parent object and plugin configuration, or per group. A window starts with its first request.
 * Policy local keeps the counts in this process, policy redis in a Redis server that gateways share.
 */
export const limitCount = definePlugin<LimitCountConf>({
    name: "limit-count",
    priority: 1002,
    fields: { ...POLICY_FIELDS, count: AMOUNT, time_window: AMOUNT, key: KEY, group: TEXT },
    required: ["count", "time_window", "rejected_code"],
    create: (conf, parentKey, tools) => {
        const { count: limit, time_window: window } = conf;
        const name = conf.group ?? countersName(parentKey, conf);
        return {
            async access(ctx) {
                const key = `plugin-limit-count${name}:${limitKey(ctx, conf.key)}`;
                const { shared, counters } = tools;
                const counting =
                    conf.policy === "redis" ? shared.count(conf, key, window) : counters.count(key, window);
                const counted = await unlessFailed("limit-count", tools, counting);
                if (!counted && conf.allow_degradation) return undefined;
                if (!counted) return { code: 500, body: { error_msg: "failed to limit count" } };
                const { count, leftMs } = counted.value;
                ctx.response.set("X-RateLimit-Limit", String(limit));
                ctx.response.set("X-RateLimit-Remaining", String(Math.max(0, limit - count)));
                ctx.response.set("X-RateLimit-Reset", String(Math.round(leftMs / 10) / 100));
                return count > limit ? rejection(conf) : undefined;
            },
        };
    },
});
