import { z } from "zod";
import type { Context } from "../../request/context";
import { AMOUNT, definePlugin } from "../plugin";
import { countersName, countIn, POLICY, rejection } from "./policy";

/**
 * ai-rate-limiting counts the tokens that Lua has set in ctx.ai_token_usage, for requests for which it has set
 * ctx.picked_ai_instance_name (ai-rate-limiting.lua and limit-count/init.lua of 3.18.0). A request is rejected if no token is
 * left; its own tokens are subtracted when its answer ends. The window starts with the first request.
 */
export const aiRateLimiting = definePlugin({
    name: "ai-rate-limiting",
    priority: 1030,
    schema: z.strictObject({
        ...POLICY,
        limit: AMOUNT,
        time_window: AMOUNT,
        limit_strategy: z.literal("total_tokens"),
    }),
    create: (conf, parentKey, tools) => {
        const { limit, time_window: window } = conf;
        const name = countersName(parentKey, conf);
        const admitted = new WeakSet<Context>();
        /** Adds tokens to the count of this request's instance. */
        const add = (ctx: Context, tokens: number) =>
            countIn(conf, tools, `plugin-ai-rate-limiting:${name}:${ctx.ai.instance}`, window, tokens);
        return {
            async access(ctx) {
                const { instance } = ctx.ai;
                if (instance === undefined) return undefined;
                const counted = await add(ctx, 0);
                if (counted && "code" in counted) return counted;
                if (counted) {
                    const left = Math.max(0, limit - counted.count);
                    const reset = Math.floor(counted.leftMs / 10) / 100;
                    for (const [part, value] of Object.entries({ Limit: limit, Remaining: left, Reset: reset }))
                        ctx.response.set(`X-AI-RateLimit-${part}-${instance}`, String(value));
                    if (left === 0) return rejection(conf);
                }
                admitted.add(ctx);
                return undefined;
            },
            log(ctx) {
                const { tokens = 0 } = ctx.ai;
                if (admitted.has(ctx) && tokens > 0) void add(ctx, tokens); // not awaited, as in APISIX
            },
        };
    },
});
