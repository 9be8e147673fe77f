import { setTimeout as sleep } from "node:timers/promises";
import { confVersion } from "../counters";
import { NotImitated } from "../not-imitated";
import { definePlugin } from "./define";
import { limitKey, policyBranch, policySchema, rejection, rejectionSchema, type LimitConf } from "./limit-key";

interface LimitConnConf extends LimitConf {
    conn: number | string;
    burst: number | string;
    /** Seconds. */
    default_conn_delay: number;
    only_use_default_delay?: boolean;
    policy: string;
    rules?: unknown[];
}

const amount = (minimum: object) => ({ oneOf: [{ type: "integer", ...minimum }, { type: "string" }] });

/** limit-conn with policy local: open requests per key; the slot is free as soon as the request is over. */
export const limitConn = definePlugin<LimitConnConf>({
    name: "limit-conn",
    priority: 1003,
    schema: {
        type: "object",
        properties: {
            conn: amount({ exclusiveMinimum: 0 }),
            burst: amount({ minimum: 0 }),
            default_conn_delay: { type: "number", exclusiveMinimum: 0 },
            only_use_default_delay: { type: "boolean", default: false },
            key: { type: "string" },
            key_type: { type: "string", enum: ["var", "var_combination"], default: "var" },
            rules: { type: "array", minItems: 1 },
            ...rejectionSchema,
            ...policySchema,
        },
        oneOf: [
            { required: ["conn", "burst", "default_conn_delay", "key"] },
            { required: ["default_conn_delay", "rules"] },
        ],
        ...policyBranch,
    },
    check: (conf) => {
        if (conf.policy !== "local") throw new NotImitated(`limit-conn policy ${conf.policy}`);
        if (conf.rules) throw new NotImitated("limit-conn rules");
        return undefined;
    },
    create: (conf, parentKey, tools) => {
        const prefix = `limit-conn:${parentKey}:${confVersion(conf)}`;
        const note = {};
        let unitDelay = conf.default_conn_delay;
        return {
            async access(ctx) {
                const number = (v: number | string) => (typeof v === "string" ? Number(ctx.resolve(v).text) : v);
                const [max, burst] = [number(conf.conn), number(conf.burst)];
                const key = `${prefix}:${limitKey(ctx, conf.key, conf.key_type)}`;
                const open = tools.counters.add(key, 1, 0);
                if (open > max + burst) {
                    tools.counters.add(key, -1, 0);
                    return rejection(conf);
                }
                ctx.notes.set(note, { key, since: Date.now() });
                if (open > max) await sleep(Math.floor((open - 1) / max) * unitDelay * 1000);
            },
            log(ctx) {
                const slot = ctx.notes.get(note) as { key: string; since: number } | undefined;
                if (!slot) return;
                tools.counters.add(slot.key, -1, 0);
                // the delay of later requests follows the latency seen, unless it is pinned
                if (!conf.only_use_default_delay) unitDelay = (unitDelay + (Date.now() - slot.since) / 1000) / 2;
            },
        };
    },
});
