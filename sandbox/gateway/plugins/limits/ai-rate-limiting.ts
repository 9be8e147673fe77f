import type { Context } from "../../request/context";
import { definePlugin, AMOUNT, only } from "../plugin";
import { countersName, POLICY_FIELDS, rejection, unlessFailed, type PolicyConf } from "./policy";

interface AiRateLimitingConf extends PolicyConf {
    limit: number;
    /** Duration of the window in seconds. */
    time_window: number;
}

/**
 * ai-rate-limiting counts the tokens that Lua has set in ctx.ai_token_usage, for requests for which it has set
 * ctx.picked_ai_instance_name (ai-rate-limiting.lua and limit-count/init.lua of 3.18.0). A request is rejected if no token is
 * left; its own tokens are subtracted when its answer ends. The window starts with the first request.
 */
export const aiRateLimiting = definePlugin<AiRateLimitingConf>({
    name: "ai-rate-limiting",
    priority: 1030,
    fields: { ...POLICY_FIELDS, limit: AMOUNT, time_window: AMOUNT, limit_strategy: only("total_tokens") },
    required: ["limit", "time_window", "limit_strategy", "rejected_code"],
    create: (conf, parentKey, tools) => {
        const { limit, time_window: window } = conf;
        const name = countersName(parentKey, conf);
        const note = {};
        /** Adds tokens to the count of this request's instance. */
        const add = (ctx: Context, tokens: number) => {
            const key = `plugin-ai-rate-limiting:${name}:${ctx.ai.instance}`;
            const counting =
                conf.policy === "redis"
                    ? tools.shared.count(conf, key, window, tokens)
                    : tools.counters.count(key, window, tokens);
            return unlessFailed("ai-rate-limiting", tools, counting);
        };
        const checked = async (ctx: Context) => {
            const counted = await add(ctx, 0);
            if (!counted && conf.allow_degradation) return undefined;
            if (!counted) return { code: 500, body: { error_msg: "failed to limit count" } };
            const left = Math.max(0, limit - counted.value.count);
            for (const [part, value] of [
                ["Limit", limit],
                ["Remaining", left],
                ["Reset", Math.floor(counted.value.leftMs / 10) / 100],
            ])
                ctx.response.set(`X-AI-RateLimit-${part}-${ctx.ai.instance}`, String(value));
            return left === 0 ? rejection(conf) : undefined;
        };
        return {
            async access(ctx) {
                if (ctx.ai.instance === undefined) return undefined;
                const exit = await checked(ctx);
                ctx.notes.set(note, exit !== undefined);
                return exit;
            },
            log(ctx) {
                if (ctx.ai.instance === undefined || ctx.notes.get(note) === true) return;
                const tokens = ctx.ai.usage?.total_tokens ?? 0;
                if (tokens > 0) void add(ctx, tokens); // not awaited, as in APISIX
            },
        };
    },
});
