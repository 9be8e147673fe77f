import { setTimeout as sleep } from "node:timers/promises";
import { definePlugin } from "../define";
import { countersName, limitKey, rejection, rejectionSchema, type LimitConf } from "./key";
import { checkPolicy, policyBranch, policySchema, unlessFailed, type PolicyConf } from "./policy";

interface LimitReqConf extends LimitConf, PolicyConf {
    /** Requests per second. */
    rate: number;
    burst: number;
    nodelay?: boolean;
}

/** limit-req: a leaky bucket in this process or in a shared Redis. Requests within the burst wait unless nodelay is set. */
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
        ...policyBranch(),
    },
    encryptFields: ["redis_password"],
    check: (conf) => {
        checkPolicy("limit-req", conf);
        return undefined;
    },
    create: (conf, parentKey, tools) => {
        const name = countersName("limit-req", parentKey, conf);

        /**
         * Adds a request to a bucket. Returns undefined if the bucket has no room. The request is then rejected, and the
         * bucket does not change.
         */
        const pour = (old: Bucket | undefined, now: number): Bucket | undefined => {
            if (!old) return [0, now];
            const [before, last] = old;
            // The requests that have not leaked since the last update, plus this request.
            const excess = Math.max(before - (conf.rate * Math.abs(now - last)) / 1000 + 1, 0);
            return excess > conf.burst ? undefined : [excess, now];
        };
        const pourHere = (keys: [string, string]): Bucket | undefined => {
            const { counters } = tools;
            const [excess, last] = keys.map((key) => counters.get(key));
            const bucket = pour(
                excess === undefined || last === undefined ? undefined : [excess, last],
                counters.now(),
            );
            const life = (conf.burst + 1) / conf.rate + 60; // in seconds: longer than a full bucket needs to become empty
            if (bucket) keys.forEach((key, i) => counters.set(key, bucket[i], life));
            return bucket;
        };

        return {
            async access(ctx) {
                const key = `limit_req:${name(ctx)}:${limitKey(ctx, conf.key, conf.key_type)}`;
                const keys: [string, string] = [`${key}excess`, `${key}last`];
                const poured = await unlessFailed(
                    "limit-req",
                    tools,
                    conf.policy === "redis" ? tools.shared.pour(conf, key, conf.rate, conf.burst) : pourHere(keys)?.[0],
                );
                if (!poured) return conf.allow_degradation ? undefined : { code: 500 };
                if (poured.value === undefined) return rejection(conf);
                const delay = poured.value / conf.rate;
                if (delay >= 0.001 && !conf.nodelay) await sleep(delay * 1000);
                return undefined;
            },
        };
    },
});

/** Number of requests in the bucket, and the time of its last update (milliseconds). */
type Bucket = [excess: number, last: number];
