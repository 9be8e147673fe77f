import { compileExpr } from "../expr";
import { NotImitated } from "../not-imitated";
import type { Conf, Handlers } from "../types";
import { definePlugin } from "./define";

type Action = [name: string, conf: Conf];
interface WorkflowConf {
    rules: { case?: unknown[]; actions: Action[] }[];
}

/** workflow: the first rule whose case holds acts; only its first action counts. */
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
            for (const [name, inner] of rule.actions) {
                if (name === "limit-conn") throw new NotImitated("workflow action limit-conn");
                if (name !== "return" && name !== "limit-count") return `unsupported action: ${name}`;
                const code = inner?.code;
                if (name === "return") {
                    if (typeof code !== "number")
                        return `failed to validate the 'return' action: property "code" is required`;
                    continue;
                }
                if (inner.group !== undefined)
                    return "failed to validate the 'limit-count' action: group is not supported";
                const error = tools.checkPlugin("limit-count", inner, kind);
                if (error !== undefined) return `failed to validate the 'limit-count' action: ${error}`;
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
            return { condition: compiled && "condition" in compiled ? compiled.condition : () => true, handlers };
        });
        return {
            access: (ctx) => rules.find((r) => r.condition(ctx.lookup))?.handlers.access?.(ctx),
        };
    },
});
