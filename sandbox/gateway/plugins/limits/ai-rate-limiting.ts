import type { Context } from "../../request/context";
import { Unsupported } from "../../unsupported";
import { definePlugin } from "../define";
import { countersName, rejection } from "./key";
import { checkPolicy, policyBranch, policySchema, unlessFailed, type PolicyConf } from "./policy";
import { localCount } from "./windows";

interface AiRateLimitingConf extends PolicyConf {
    limit: number | string;
    /** Duration of the window in seconds. */
    time_window: number | string;
    limit_strategy: string;
    cost_expr?: string;
    instances?: unknown[];
    rules?: unknown[];
    show_limit_quota_header: boolean;
    rejected_code: number;
    rejected_msg?: string;
}

const amount = { oneOf: [{ type: "integer", exclusiveMinimum: 0 }, { type: "string" }] };

/**
 * ai-rate-limiting counts the tokens that Lua has set in ctx.ai_token_usage, for requests for which it has set
 * ctx.picked_ai_instance_name (ai-rate-limiting.lua and limit-count/init.lua of 3.18.0). A request is rejected if no token is
 * left; its own tokens are subtracted when its answer ends. The window starts with the first request.
 * Unsupported: instances, rules, expressions, variables in the limit.
 */
export const aiRateLimiting = definePlugin<AiRateLimitingConf>({
    name: "ai-rate-limiting",
    priority: 1030,
    schema: {
        type: "object",
        properties: {
            limit: amount,
            time_window: amount,
            show_limit_quota_header: { type: "boolean", default: true },
            limit_strategy: {
                type: "string",
                enum: ["total_tokens", "prompt_tokens", "completion_tokens", "expression"],
                default: "total_tokens",
            },
            cost_expr: { type: "string", minLength: 1 },
            instances: { type: "array", minItems: 1 },
            rules: { type: "array" },
            rejected_code: { type: "integer", minimum: 200, maximum: 599, default: 503 },
            rejected_msg: { type: "string", minLength: 1 },
            ...policySchema,
        },
        dependencies: { limit: ["time_window"], time_window: ["limit"] },
        oneOf: [
            { anyOf: [{ required: ["limit", "time_window"] }, { required: ["instances"] }] },
            { required: ["rules"] },
        ],
        ...policyBranch(),
    },
    encryptFields: ["redis_password"],
    check: (conf) => {
        checkPolicy("ai-rate-limiting", conf);
        for (const field of ["instances", "rules", "cost_expr"] as const)
            if (conf[field] !== undefined) throw new Unsupported(`ai-rate-limiting ${field}`);
        for (const field of ["limit", "time_window"] as const)
            if (typeof conf[field] === "string") throw new Unsupported(`ai-rate-limiting with a variable in ${field}`);
        if (conf.limit_strategy === "expression") return "cost_expr is required when limit_strategy is 'expression'";
        return undefined;
    },
    create: (conf, parentKey, tools) => {
        const name = countersName("ai-rate-limiting", parentKey, conf);
        const [limit, window] = [Number(conf.limit), Number(conf.time_window)];
        const note = {};
        /** Adds tokens to the count of this request's instance. */
        const count = (ctx: Context, tokens: number) => {
            const key = `plugin-ai-rate-limiting:${name(ctx)}:${ctx.ai.instance}`;
            const { counters, shared } = tools;
            const isShared = conf.policy === "redis";
            const counted = isShared
                ? shared.count(conf, key, window, tokens)
                : localCount(counters, key, window, tokens);
            return unlessFailed("ai-rate-limiting", tools, counted);
        };
        const checked = async (ctx: Context) => {
            const failed = { code: 500, body: { error_msg: "failed to limit count" } };
            const counted = await count(ctx, 0);
            if (!counted) return conf.allow_degradation ? undefined : failed;
            const left = Math.max(0, limit - counted.value.count);
            const header = (part: string, value: number) =>
                ctx.response.set(`X-AI-RateLimit-${part}-${ctx.ai.instance}`, String(value));
            if (conf.show_limit_quota_header) {
                header("Limit", limit);
                header("Remaining", left);
                header("Reset", Math.floor(counted.value.leftMs / 10) / 100);
            }
            return left === 0 ? rejection(conf) : undefined;
        };
        return {
            async access(ctx) {
                if (ctx.ai.instance === undefined) return undefined;
                const exit = await checked(ctx);
                ctx.notes.set(note, exit !== undefined);
                return exit;
            },
            log(ctx) {
                if (ctx.ai.instance === undefined || ctx.notes.get(note) === true) return;
                const tokens = ctx.ai.usage?.[conf.limit_strategy];
                if (tokens === undefined) tools.log("gateway: failed to get token usage for llm service");
                else if (tokens > 0) void count(ctx, tokens); // not awaited, as in APISIX
            },
        };
    },
});
