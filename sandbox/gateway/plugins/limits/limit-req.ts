import { definePlugin, only } from "../plugin";
import { countersName, KEY, limitKey, POLICY_FIELDS, rejection, type PolicyConf } from "./policy";

interface LimitReqConf extends PolicyConf {
    /** Requests per second. */
    rate: number;
    burst: number;
    key: string;
}

/** limit-req: a leaky bucket in this process. Requests within the burst do not wait (nodelay). */
export const limitReq = definePlugin<LimitReqConf>({
    name: "limit-req",
    priority: 1001,
    fields: {
        rejected_code: POLICY_FIELDS.rejected_code,
        rate: { type: "number", exclusiveMinimum: 0 },
        burst: { type: "number", minimum: 0 },
        key: KEY,
        nodelay: only(true),
    },
    required: ["rate", "burst", "key", "nodelay", "rejected_code"],
    create: (conf, parentKey, { counters }) => {
        const name = countersName(parentKey, conf);
        const life = (conf.burst + 1) / conf.rate + 60; // in seconds: longer than a full bucket needs to become empty
        return {
            access(ctx) {
                const key = `limit_req:${name}:${limitKey(ctx, conf.key)}`;
                const now = Date.now();
                const [before, last] = [counters.get(`${key}excess`), counters.get(`${key}last`)];
                // The requests that have not leaked since the last update, plus this request.
                const excess =
                    before === undefined || last === undefined
                        ? 0
                        : Math.max(before - (conf.rate * Math.abs(now - last)) / 1000 + 1, 0);
                if (excess > conf.burst) return rejection(conf); // the bucket does not change
                counters.set(`${key}excess`, excess, life);
                counters.set(`${key}last`, now, life);
                return undefined;
            },
        };
    },
});
