import type { Context } from "../context";
import type { Exit } from "../types";

export interface LimitConf {
    key: string;
    key_type: "var" | "var_combination" | "constant";
    rejected_code: number;
    rejected_msg?: string;
}

/** The value requests are counted by; without one (no consumer, no such header) the client's address. */
export function limitKey(ctx: Context, key: string, type: LimitConf["key_type"]): string {
    if (type === "constant") return key;
    if (type === "var_combination") {
        const { text, resolved } = ctx.resolve(key);
        return resolved > 0 ? text : ctx.remoteAddress;
    }
    return String(ctx.lookup(key) ?? ctx.remoteAddress);
}

export function rejection(conf: Pick<LimitConf, "rejected_code" | "rejected_msg">): Exit {
    const body = conf.rejected_msg === undefined ? undefined : { error_msg: conf.rejected_msg };
    return { code: conf.rejected_code, body };
}

/** Fields all three limit plugins share. */
export const rejectionSchema = {
    rejected_code: { type: "integer", minimum: 200, maximum: 599, default: 503 },
    rejected_msg: { type: "string", minLength: 1 },
    allow_degradation: { type: "boolean", default: false },
};

/** Fields of the policies that share counters through redis: checked, then refused as not imitated. */
export const redisSchema = {
    redis_host: { type: "string", minLength: 2 },
    redis_port: { type: "integer", minimum: 1, default: 6379 },
    redis_username: { type: "string", minLength: 1 },
    redis_password: { type: "string", minLength: 0 },
    redis_database: { type: "integer", minimum: 0, default: 0 },
    redis_timeout: { type: "integer", minimum: 1, default: 1000 },
    redis_ssl: { type: "boolean", default: false },
    redis_ssl_verify: { type: "boolean", default: false },
};

export const policySchema = {
    policy: { type: "string", enum: ["local", "redis", "redis-cluster", "redis-sentinel"], default: "local" },
};

export const policyBranch = {
    if: { properties: { policy: { enum: ["redis"] } } },
    then: { properties: redisSchema, required: ["redis_host"] },
};
