import { compileExpr } from "../lua/expr";
import type { Conf, Handlers } from "../request/types";
import { Unsupported } from "../unsupported";
import { definePlugin } from "./plugin";

interface WorkflowConf {
    rules: { case: unknown[]; actions: [name: string, conf: Conf][] }[];
}

/**
 * workflow runs only the first action of the first rule whose case is true. A plugin that ran as an action does not run again
 * for the same request, even if another object has it (workflow.lua and plugin.lua of 3.18.0, `skip_plugin`).
 */
export const workflow = definePlugin<WorkflowConf>({
    name: "workflow",
    priority: 1006,
    fields: {
        rules: {
            type: "array",
            items: {
                type: "object",
                properties: {
                    case: { type: "array", minItems: 1 },
                    actions: { type: "array", minItems: 1, maxItems: 1, items: { type: "array", minItems: 2 } },
                },
                required: ["case", "actions"],
            },
        },
    },
    required: ["rules"],
    create: (conf, parentKey, tools) => {
        const rules = conf.rules.map((rule, i) => {
            const [[name, inner]] = rule.actions;
            if (name !== "return" && name !== "limit-conn") throw new Unsupported(`the action ${name} of workflow`);
            const handlers: Handlers =
                name === "return"
                    ? { access: () => ({ code: Number(inner.code), body: { error_msg: "rejected by workflow" } }) }
                    : tools.instantiate(name, inner, `${parentKey}#workflow${i + 1}`);
            return { name, condition: compileExpr(rule.case), handlers };
        });
        const note = {};
        return {
            async access(ctx) {
                for (const rule of rules) {
                    if (!(await ctx.holds(rule.condition))) continue;
                    ctx.notes.set(note, rule);
                    if (rule.name !== "return") ctx.ranAsAction.add(rule.name);
                    return rule.handlers.access?.(ctx);
                }
                return undefined;
            },
            log: (ctx) => (ctx.notes.get(note) as (typeof rules)[number] | undefined)?.handlers.log?.(ctx),
        };
    },
});
