import { compileExpr } from "../lua/expr";
import type { Conf, Handlers } from "../request/types";
import { definePlugin } from "./define";

type Action = [name: string, conf: Conf];
interface WorkflowConf {
    rules: { case?: unknown[]; actions: Action[] }[];
}

/**
 * workflow runs only the first action of the first rule whose case is true. A plugin that ran as an action does not run again
 * for the same request, even if another object has it (workflow.lua and plugin.lua of 3.18.0, `skip_plugin`).
 */
export const workflow = definePlugin<WorkflowConf>({
    name: "workflow",
    priority: 1006,
    schema: {
        type: "object",
        properties: {
            rules: {
                type: "array",
                items: {
                    type: "object",
                    properties: {
                        case: {
                            type: "array",
                            items: { anyOf: [{ type: "array" }, { type: "string" }] },
                            minItems: 1,
                        },
                        actions: { type: "array", items: { type: "array", minItems: 1 } },
                    },
                    required: ["actions"],
                },
            },
        },
        required: ["rules"],
    },
    check: (conf, kind, tools) => {
        for (const rule of conf.rules) {
            const compiled = rule.case && compileExpr(rule.case);
            if (compiled && "error" in compiled) return `failed to validate the 'case' expression: ${compiled.error}`;
            for (const action of rule.actions) {
                const problem = actionProblem(action, (name, inner) => tools.checkPlugin(name, inner, kind));
                if (problem !== undefined) return problem;
            }
        }
        return undefined;
    },
    create: (conf, parentKey, tools) => {
        const rules = conf.rules.map((rule, i) => {
            const compiled = rule.case && compileExpr(rule.case);
            const [name, inner] = rule.actions[0];
            const handlers: Handlers =
                name === "return"
                    ? { access: () => ({ code: Number(inner.code), body: { error_msg: "rejected by workflow" } }) }
                    : tools.instantiate(name, inner, `${parentKey}#workflow${i + 1}`);
            const condition = compiled && "condition" in compiled ? compiled.condition : () => true;
            return { name, condition, handlers };
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

function actionProblem(
    [name, inner]: Action,
    check: (plugin: string, conf: Conf) => string | undefined,
): string | undefined {
    if (name !== "return" && name !== "limit-count" && name !== "limit-conn") return `unsupported action: ${name}`;
    if (name === "return")
        return typeof inner?.code === "number"
            ? undefined
            : `failed to validate the 'return' action: property "code" is required`;
    if (inner.group !== undefined) return "failed to validate the 'limit-count' action: group is not supported";
    const error = check(name, inner);
    return error === undefined ? undefined : `failed to validate the '${name}' action: ${error}`;
}
