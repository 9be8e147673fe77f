import { randomUUID } from "node:crypto";
import { definePlugin, AMOUNT, only } from "../plugin";
import { countersName, KEY, limitKey, POLICY_FIELDS, rejection, unlessFailed, type PolicyConf } from "./policy";

interface LimitConnConf extends PolicyConf {
    key: string;
    conn: number;
    /** Seconds after which Redis frees a slot, even if the gateway that took it has crashed. */
    key_ttl?: number;
}

/** A slot that a request has taken. */
interface Slot {
    key: string;
    request: string;
}

/** limit-conn limits the number of requests in progress per key. They are counted in this process or in a shared Redis. */
export const limitConn = definePlugin<LimitConnConf>({
    name: "limit-conn",
    priority: 1003,
    fields: {
        ...POLICY_FIELDS,
        conn: AMOUNT,
        burst: only(0),
        default_conn_delay: { type: "number", exclusiveMinimum: 0 },
        key: KEY,
        key_ttl: AMOUNT,
    },
    required: ["conn", "burst", "default_conn_delay", "key", "rejected_code"],
    create: (conf, parentKey, tools) => {
        const { counters, shared } = tools;
        const name = countersName(parentKey, conf);
        const note = {};
        const enterHere = (key: string) => {
            if (counters.add(key, 1) <= conf.conn) return true;
            counters.add(key, -1);
            return false;
        };
        return {
            async access(ctx) {
                const key = `limit_conn:${name}:${limitKey(ctx, conf.key)}`;
                const request = randomUUID();
                const isShared = conf.policy === "redis";
                const entering = isShared
                    ? shared.enter(conf, key, request, conf.conn, conf.key_ttl ?? 3600)
                    : enterHere(key);
                const entered = await unlessFailed("limit-conn", tools, entering);
                if (!entered) return conf.allow_degradation ? undefined : { code: 500 };
                if (!entered.value) return rejection(conf);
                ctx.notes.set(note, { key, request } satisfies Slot);
                return undefined;
            },
            log(ctx) {
                const slot = ctx.notes.get(note) as Slot | undefined;
                if (slot && conf.policy !== "redis") counters.add(slot.key, -1);
                // not awaited: if the call fails, Redis frees the slot after key_ttl
                else if (slot) void unlessFailed("limit-conn", tools, shared.leave(conf, slot.key, slot.request));
            },
        };
    },
});
