import { RoundRobin } from "../upstream/balancer";
import { compileExpr } from "../lua/expr";
import { upstreamOf } from "../upstream/upstream";
import { upstreamSchema, idSchema } from "../schema/objects";
import type { Conf, Upstream } from "../request/types";
import { definePlugin } from "./define";

interface Weighted {
    upstream_id?: string | number;
    upstream?: Conf;
    weight: number;
}
interface SplitConf {
    rules?: { match?: { vars: unknown[] }[]; weighted_upstreams?: Weighted[] }[];
}

/** Destination of an entry: the route's own upstream, an upstream object by id, or an inline upstream. */
type Target = { own: true } | { id: string } | { upstream: Upstream };

export const trafficSplit = definePlugin<SplitConf>({
    name: "traffic-split",
    priority: 966,
    schema: {
        type: "object",
        properties: {
            rules: {
                type: "array",
                items: {
                    type: "object",
                    properties: {
                        match: {
                            type: "array",
                            items: { type: "object", properties: { vars: { type: "array" } } },
                        },
                        weighted_upstreams: {
                            type: "array",
                            items: {
                                type: "object",
                                properties: {
                                    upstream_id: idSchema,
                                    upstream: upstreamSchema,
                                    weight: { type: "integer", default: 1, minimum: 0 },
                                },
                            },
                            default: [{ weight: 1 }],
                            minItems: 1,
                            maxItems: 20,
                        },
                    },
                    additionalProperties: false,
                },
            },
        },
        additionalProperties: false,
    },
    check: (conf) => {
        for (const match of (conf.rules ?? []).flatMap((rule) => rule.match ?? [])) {
            const compiled = compileExpr(match.vars);
            if ("error" in compiled) return `failed to validate the 'vars' expression: ${compiled.error}`;
        }
        for (const { upstream } of (conf.rules ?? []).flatMap((rule) => rule.weighted_upstreams ?? []))
            if (upstream) upstreamOf(upstream, "traffic-split"); // rejects unsupported fields
        return undefined;
    },
    create: (conf, parentKey, tools) => {
        const rules = (conf.rules ?? []).map((rule, i) => ({
            conditions: rule.match?.map(({ vars }) => {
                const compiled = compileExpr(vars);
                return "error" in compiled ? () => false : compiled.condition;
            }),
            robin: new RoundRobin<Target>(
                (rule.weighted_upstreams ?? [{ weight: 1 }]).map((w: Weighted, j): [Target, number] => {
                    if (w.upstream_id !== undefined) return [{ id: String(w.upstream_id) }, w.weight];
                    if (!w.upstream) return [{ own: true }, w.weight];
                    return [{ upstream: upstreamOf(w.upstream, `${parentKey}#split${i}.${j}`) }, w.weight];
                }),
            ),
        }));
        return {
            access(ctx) {
                const rule = rules.find((r) => !r.conditions || r.conditions.some((c) => c(ctx.lookup)));
                const target = rule?.robin.pick();
                if (!rule) return undefined;
                if (!target) return { code: 500 };
                if ("id" in target) ctx.splitUpstream = tools.upstream(target.id) ?? "missing";
                else if ("upstream" in target) ctx.splitUpstream = target.upstream;
                return undefined;
            },
        };
    },
});
