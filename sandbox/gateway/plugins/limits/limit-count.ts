import { z } from "zod";
import { AMOUNT, definePlugin, TEXT } from "../plugin";
import { countersName, countIn, KEY, limitKey, POLICY, rejection } from "./policy";

/**
 * limit-count: fixed windows per parent object and plugin configuration, or per group. A window starts with its first request.
 * Not emulated: a group whose members differ, which APISIX refuses. This project's names of groups contain their settings.
 */
export const limitCount = definePlugin({
    name: "limit-count",
    priority: 1002,
    schema: z.strictObject({
        ...POLICY,
        count: AMOUNT,
        time_window: AMOUNT,
        key: KEY.optional(),
        group: TEXT.optional(),
    }),
    create: (conf, parentKey, tools) => {
        const { count: limit, time_window: window } = conf;
        const name = conf.group ?? countersName(parentKey, conf);
        return {
            async access(ctx) {
                const counted = await countIn(
                    conf,
                    tools,
                    `plugin-limit-count${name}:${limitKey(ctx, conf.key)}`,
                    window,
                );
                if (!counted || "code" in counted) return counted;
                const { count, leftMs } = counted;
                ctx.response.set("X-RateLimit-Limit", String(limit));
                ctx.response.set("X-RateLimit-Remaining", String(Math.max(0, limit - count)));
                ctx.response.set("X-RateLimit-Reset", String(Math.round(leftMs / 10) / 100));
                return count > limit ? rejection(conf) : undefined;
            },
        };
    },
});
