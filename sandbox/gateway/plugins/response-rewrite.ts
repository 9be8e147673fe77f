import { z } from "zod";
import { bytes } from "../http/headers";
import { compileExpr } from "../lua/expr";
import { compilePcre } from "../lua/pcre";
import type { Context } from "../request/context";
import { withoutVariables } from "../request/variables";
import { definePlugin, TEXT, TEXTS } from "./plugin";

const FILTER = z.strictObject({
    regex: TEXT,
    scope: z.literal("once"),
    // "$1" has the same meaning in JavaScript.
    replace: z.string().regex(/^([^$]|\$1)*$/),
    options: z.string(),
});

export const responseRewrite = definePlugin({
    name: "response-rewrite",
    priority: 899,
    schema: z.strictObject({
        headers: z.strictObject({ set: TEXTS }),
        vars: z.array(z.unknown()),
        filters: z.array(FILTER).min(1),
    }),
    create: ({ headers: { set }, vars, filters }) => {
        const condition = compileExpr(vars);
        for (const text of Object.values(set)) withoutVariables(text);
        const compiled = filters.map(
            ({ regex, options, replace }) => [compilePcre(regex, options), bytes(replace)] as const,
        );
        const applies = new WeakSet<Context>();
        return {
            headerFilter(ctx) {
                if (!condition(ctx.lookup)) return;
                applies.add(ctx);
                for (const name of ["Content-Length", "Content-Encoding", "Last-Modified", "ETag"])
                    ctx.response.delete(name);
                for (const [name, value] of Object.entries(set)) ctx.response.set(name, value);
            },
            wantsBody: (ctx) => applies.has(ctx),
            bodyFilter: (original) =>
                Buffer.from(
                    compiled.reduce(
                        (text, [regex, replace]) => text.replace(regex, replace),
                        original.toString("latin1"),
                    ),
                    "latin1",
                ),
        };
    },
});
