import { stable } from "../../counters/counters";
import type { Context } from "../../request/context";
import { Unsupported } from "../../unsupported";
import type { Conf, Exit } from "../../request/types";
import { definePlugin } from "../define";
import { countersName, limitKey, rejection, rejectionSchema, type LimitConf } from "./key";
import { checkPolicy, policyBranch, policySchema, unlessFailed, type PolicyConf } from "./policy";
import { localWindows, sharedWindows } from "./windows";

interface Rule {
    count: number | string;
    time_window: number | string;
    key: string;
    header_prefix?: string;
}

interface LimitCountConf extends LimitConf, PolicyConf {
    count?: number | string;
    time_window?: number | string;
    rules?: Rule[];
    group?: string;
    window_type: "fixed" | "sliding";
    sync_interval?: number;
    show_limit_quota_header: boolean;
}

const amount = { oneOf: [{ type: "integer", exclusiveMinimum: 0 }, { type: "string" }] };

const limitCountSchema = {
    type: "object",
    properties: {
        count: amount,
        time_window: amount,
        window_type: { type: "string", enum: ["fixed", "sliding"], default: "fixed" },
        sync_interval: { type: "number", default: -1 },
        rules: {
            type: "array",
            minItems: 1,
            items: {
                type: "object",
                properties: {
                    count: amount,
                    time_window: amount,
                    key: { type: "string" },
                    header_prefix: { type: "string" },
                },
                required: ["count", "time_window", "key"],
            },
        },
        group: { type: "string" },
        key: { type: "string", default: "remote_addr" },
        key_type: { type: "string", enum: ["var", "var_combination", "constant"], default: "var" },
        show_limit_quota_header: { type: "boolean", default: true },
        ...rejectionSchema,
        ...policySchema,
    },
    oneOf: [{ required: ["count", "time_window"] }, { required: ["rules"] }],
    ...policyBranch(),
};

/**
 * limit-count: counters per parent object and plugin configuration, or per group. Policy local keeps them in this process,
 * policy redis in a Redis server that gateways share.
 */
export const limitCount = definePlugin<LimitCountConf>({
    name: "limit-count",
    priority: 1002,
    schema: limitCountSchema,
    encryptFields: ["redis_password"],
    metadataSchema: {
        type: "object",
        properties: {
            limit_header: { type: "string", default: "X-RateLimit-Limit" },
            remaining_header: { type: "string", default: "X-RateLimit-Remaining" },
            reset_header: { type: "string", default: "X-RateLimit-Reset" },
        },
    },
    check: (conf, kind, tools) => {
        if (kind === "metadata") return undefined;
        const keys = (conf.rules ?? []).map((r) => r.key);
        const twice = keys.find((key, i) => keys.indexOf(key) !== i);
        if (twice !== undefined) return `duplicate key '${twice}' in rules`;
        checkPolicy("limit-count", conf);
        if (conf.policy === "redis" && (conf.sync_interval ?? -1) !== -1)
            throw new Unsupported("limit-count sync_interval");
        if (conf.group !== undefined) {
            const shape = { ...conf, _meta: undefined } as unknown as Conf;
            const first = tools.groups.get(conf.group) ?? shape;
            tools.groups.set(conf.group, first);
            if (stable(first) !== stable(shape)) return "group conf mismatched";
        }
        return undefined;
    },
    create: (conf, parentKey, tools) => {
        const name = countersName("limit-count", parentKey, conf);
        const take =
            conf.policy === "redis"
                ? sharedWindows(tools.shared, conf, conf.window_type)
                : localWindows(tools.counters, conf.window_type);
        return {
            async access(ctx): Promise<Exit | undefined> {
                const rules = conf.rules ? dynamicRules(ctx, conf.rules) : singleRule(ctx, conf);
                if (rules.length === 0) return conf.allow_degradation ? undefined : { code: 500 };
                const prefix = conf.group ?? name(ctx);
                const names = headerNames(tools.metadata("limit-count"));
                for (const rule of rules) {
                    const key = `plugin-limit-count${prefix}:${rule.key}${rule.prefix ? `:${rule.prefix}` : ""}`;
                    const counted = await unlessFailed("limit-count", tools, take(key, rule.count, rule.window));
                    if (!counted) {
                        if (conf.allow_degradation) continue;
                        return { code: 500, body: { error_msg: "failed to limit count" } };
                    }
                    const verdict = counted.value;
                    if (conf.show_limit_quota_header) {
                        const header = (plain: string) =>
                            rule.prefix ? plain.replace(/^X-/, `X-${rule.prefix}-`) : plain;
                        ctx.response.set(header(names.limit), String(rule.count));
                        ctx.response.set(header(names.remaining), String(verdict.remaining));
                        ctx.response.set(header(names.reset), verdict.reset);
                    }
                    if (!verdict.allowed) return rejection(conf);
                }
                return undefined;
            },
        };
    },
});

interface ActiveRule {
    count: number;
    /** Duration of the window in seconds. */
    window: number;
    key: string;
    prefix?: string;
}

function amountOf(ctx: Context, value: number | string | undefined): number | undefined {
    const number = typeof value === "string" ? Number(ctx.resolve(value).text || NaN) : value;
    return number === undefined || !(number > 0) ? undefined : number;
}

function singleRule(ctx: Context, conf: LimitCountConf): ActiveRule[] {
    const [count, window] = [amountOf(ctx, conf.count), amountOf(ctx, conf.time_window)];
    if (count === undefined || window === undefined) return [];
    return [{ count, window, key: limitKey(ctx, conf.key, conf.key_type) }];
}

/** A rule whose key or numbers do not resolve is ignored. */
function dynamicRules(ctx: Context, rules: Rule[]): ActiveRule[] {
    return rules.flatMap((rule, i) => {
        const [count, window] = [amountOf(ctx, rule.count), amountOf(ctx, rule.time_window)];
        const { text, resolved } = ctx.resolve(rule.key);
        if (count === undefined || window === undefined || resolved === 0) return [];
        return [{ count, window, key: text, prefix: rule.header_prefix ?? String(i + 1) }];
    });
}

function headerNames(metadata: Conf | undefined) {
    return {
        limit: String(metadata?.limit_header ?? "X-RateLimit-Limit"),
        remaining: String(metadata?.remaining_header ?? "X-RateLimit-Remaining"),
        reset: String(metadata?.reset_header ?? "X-RateLimit-Reset"),
    };
}
