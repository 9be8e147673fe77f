import { setTimeout as sleep } from "node:timers/promises";
import { confVersion } from "../counters";
import { NotImitated } from "../not-imitated";
import { definePlugin } from "./define";
import { limitKey, policyBranch, policySchema, rejection, rejectionSchema, type LimitConf } from "./limit-key";

interface LimitReqConf extends LimitConf {
    /** Requests per second. */
    rate: number;
    burst: number;
    nodelay?: boolean;
    policy: string;
}

/** limit-req with policy local: a leaky bucket; requests inside the burst wait, unless nodelay. */
export const limitReq = definePlugin<LimitReqConf>({
    name: "limit-req",
    priority: 1001,
    schema: {
        type: "object",
        properties: {
            rate: { type: "number", exclusiveMinimum: 0 },
            burst: { type: "number", minimum: 0 },
            key: { type: "string" },
            key_type: { type: "string", enum: ["var", "var_combination"], default: "var" },
            nodelay: { type: "boolean", default: false },
            ...rejectionSchema,
            ...policySchema,
        },
        required: ["rate", "burst", "key"],
        ...policyBranch,
    },
    check: (conf) => {
        if (conf.policy !== "local") throw new NotImitated(`limit-req policy ${conf.policy}`);
        return undefined;
    },
    create: (conf, parentKey, tools) => {
        const prefix = `limit-req:${parentKey}:${confVersion(conf)}`;
        return {
            async access(ctx) {
                const key = `${prefix}:${limitKey(ctx, conf.key, conf.key_type)}`;
                const now = tools.counters.now();
                const last = tools.counters.get(`${key}:last`);
                // excess in requests: what has not leaked out since the last counted request, plus this one
                const leaked = last === undefined ? 0 : (conf.rate * Math.abs(now - last)) / 1000;
                const excess =
                    last === undefined ? 0 : Math.max((tools.counters.get(`${key}:excess`) ?? 0) - leaked + 1, 0);
                if (excess > conf.burst) return rejection(conf);
                const life = (conf.burst + 1) / conf.rate + 60; // seconds; an older state has leaked out anyway
                tools.counters.set(`${key}:excess`, excess, life);
                tools.counters.set(`${key}:last`, now, life);
                const delay = excess / conf.rate;
                if (delay >= 0.001 && !conf.nodelay) await sleep(delay * 1000);
            },
        };
    },
});
