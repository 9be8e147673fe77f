import { z } from "zod";
import { definePlugin } from "../plugin";
import { CODE, countersName, KEY, limitKey, rejection } from "./policy";

/** limit-req: a leaky bucket in this process. Requests within the burst do not wait (nodelay). */
export const limitReq = definePlugin({
    name: "limit-req",
    priority: 1001,
    schema: z.strictObject({
        ...CODE,
        rate: z.number().positive(), // requests per second
        burst: z.number().min(0),
        key: KEY,
        nodelay: z.literal(true),
    }),
    create: (conf, parentKey, { counters }) => {
        const name = countersName(parentKey, conf);
        const life = (conf.burst + 1) / conf.rate + 60; // in seconds: longer than a full bucket needs to become empty
        return {
            access(ctx) {
                const key = `limit_req:${name}:${limitKey(ctx, conf.key)}`;
                const now = Date.now();
                const [before, last = now] = [counters.get(`${key}excess`), counters.get(`${key}last`)];
                // The requests that have not leaked since the last update, plus this request.
                const excess =
                    before === undefined ? 0 : Math.max(before - (conf.rate * Math.abs(now - last)) / 1000 + 1, 0);
                if (excess > conf.burst) return rejection(conf); // the bucket does not change
                counters.set(`${key}excess`, excess, life);
                counters.set(`${key}last`, now, life);
                return undefined;
            },
        };
    },
});
