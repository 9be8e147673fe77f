import { setTimeout as sleep } from "node:timers/promises";
import { compileExpr, type Condition } from "../lua/expr";
import type { Context } from "../request/context";
import { definePlugin } from "./define";

interface Fault {
    percentage?: number;
    vars?: unknown[];
}
interface FaultConf {
    abort?: Fault & { http_status: number; body?: string; headers?: Record<string, string | number> };
    delay?: Fault & { duration: number };
}

const percentage = { type: "integer", minimum: 0, maximum: 100 };
/** A list of conditions: the fault applies if one of them is true. */
const vars = { type: "array", maxItems: 20, items: { type: "array" } };

function conditionOf(fault: Fault | undefined): Condition {
    const rules = fault?.vars?.map((rule) => {
        const compiled = compileExpr(rule);
        return "error" in compiled ? () => false : compiled.condition;
    });
    return (lookup) => rules === undefined || rules.some((rule) => rule(lookup));
}

async function hits(fault: Fault, condition: Condition, ctx: Context): Promise<boolean> {
    if (fault.percentage !== undefined && Math.ceil(Math.random() * 100) > fault.percentage) return false;
    return ctx.holds(condition);
}

export const faultInjection = definePlugin<FaultConf>({
    name: "fault-injection",
    priority: 11000,
    schema: {
        type: "object",
        properties: {
            abort: {
                type: "object",
                properties: {
                    http_status: { type: "integer", minimum: 200 },
                    body: { type: "string", minLength: 0 },
                    headers: {
                        type: "object",
                        minProperties: 1,
                        patternProperties: { "^[^:]+$": { oneOf: [{ type: "string" }, { type: "number" }] } },
                    },
                    percentage,
                    vars,
                },
                required: ["http_status"],
            },
            delay: {
                type: "object",
                properties: { duration: { type: "number", minimum: 0 }, percentage, vars },
                required: ["duration"],
            },
        },
        minProperties: 1,
    },
    check: (conf) => {
        for (const rule of [...(conf.abort?.vars ?? []), ...(conf.delay?.vars ?? [])]) {
            const compiled = compileExpr(rule);
            if ("error" in compiled) return compiled.error;
        }
        return undefined;
    },
    create: ({ abort, delay }) => {
        const [abortCondition, delayCondition] = [conditionOf(abort), conditionOf(delay)];
        return {
            async rewrite(ctx) {
                if (delay && (await hits(delay, delayCondition, ctx))) await sleep(delay.duration * 1000);
                if (!abort || !(await hits(abort, abortCondition, ctx))) return undefined;
                for (const [name, value] of Object.entries(abort.headers ?? {}))
                    ctx.response.set(name, ctx.resolve(String(value)).text);
                if (abort.body === undefined) return { code: abort.http_status };
                // `text` has one byte per character. It is converted into an ordinary string, because an Exit needs an
                // ordinary string as its body.
                const { text } = ctx.resolve(abort.body);
                return { code: abort.http_status, body: Buffer.from(text, "latin1").toString("utf8") };
            },
        };
    },
});
