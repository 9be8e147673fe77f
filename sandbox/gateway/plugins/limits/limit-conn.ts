import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Context } from "../../request/context";
import { AMOUNT, definePlugin } from "../plugin";
import { countersName, KEY, limitKey, POLICY, rejection, unlessAdmitted } from "./policy";

/** limit-conn limits the number of requests in progress per key. They are counted in this process or in a shared Redis. */
export const limitConn = definePlugin({
    name: "limit-conn",
    priority: 1003,
    schema: z.strictObject({
        ...POLICY,
        conn: AMOUNT,
        burst: z.literal(0),
        default_conn_delay: z.number().positive(),
        key: KEY,
        /** Seconds after which Redis frees a slot, even if the gateway that took it has crashed. */
        key_ttl: AMOUNT.default(3600),
    }),
    create: (conf, parentKey, { counters, shared, log }) => {
        const name = countersName(parentKey, conf);
        const isShared = conf.policy === "redis";
        /** How each request gives back the slot that it has taken. */
        const slots = new WeakMap<Context, () => void>();
        const enterHere = (key: string) => {
            if (counters.add(key, 1) <= conf.conn) return true;
            counters.add(key, -1);
            return false;
        };
        return {
            async access(ctx) {
                const key = `limit_conn:${name}:${limitKey(ctx, conf.key)}`;
                const request = randomUUID();
                try {
                    const entered = isShared
                        ? await shared.enter(conf, key, request, conf.conn, conf.key_ttl)
                        : enterHere(key);
                    if (!entered) return rejection(conf);
                } catch (error) {
                    return unlessAdmitted(conf, error, log);
                }
                const leave = () => void shared.leave(conf, key, request).catch((error: Error) => log(error.message));
                slots.set(ctx, isShared ? leave : () => void counters.add(key, -1));
                return undefined;
            },
            log: (ctx) => slots.get(ctx)?.(),
        };
    },
});
