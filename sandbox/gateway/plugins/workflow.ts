import { z } from "zod";
import { compileExpr } from "../lua/expr";
import type { Context } from "../request/context";
import type { Handlers } from "../request/types";
import { definePlugin, OBJECT } from "./plugin";

const RULE = z.strictObject({
    case: z.array(z.unknown()).min(1),
    actions: z.tuple([z.tuple([z.enum(["return", "limit-conn"]), OBJECT])]),
});

/**
 * workflow runs only the first action of the first rule whose case is true. A plugin that ran as an action does not run again
 * for the same request, even if another object has it (workflow.lua and plugin.lua of 3.18.0, `skip_plugin`).
 */
export const workflow = definePlugin({
    name: "workflow",
    priority: 1006,
    schema: z.strictObject({ rules: z.array(RULE) }),
    create: (conf, parentKey, tools) => {
        const rules = conf.rules.map((rule, i) => {
            const [[name, inner]] = rule.actions;
            const handlers: Handlers =
                name === "return"
                    ? { access: () => ({ code: Number(inner.code), body: { error_msg: "rejected by workflow" } }) }
                    : tools.instantiate(name, inner, `${parentKey}#workflow${i + 1}`);
            return { name, condition: compileExpr(rule.case), handlers };
        });
        const ran = new WeakMap<Context, Handlers>();
        return {
            async access(ctx) {
                for (const { name, condition, handlers } of rules) {
                    if (!(await ctx.holds(condition))) continue;
                    ran.set(ctx, handlers);
                    if (name !== "return") ctx.ranAsAction.add(name);
                    return handlers.access?.(ctx);
                }
                return undefined;
            },
            log: (ctx) => ran.get(ctx)?.log?.(ctx),
        };
    },
});
