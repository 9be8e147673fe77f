import { z } from "zod";
import { compileExpr } from "../lua/expr";
import { withoutVariables } from "../request/variables";
import { definePlugin, TEXTS } from "./plugin";

/** fault-injection answers requests for which one of the lists of conditions in `vars` is true, or all requests. */
export const faultInjection = definePlugin({
    name: "fault-injection",
    priority: 11000,
    schema: z.strictObject({
        abort: z.strictObject({
            http_status: z.int().min(200),
            body: z.string().optional(),
            headers: TEXTS.default({}),
            vars: z.array(z.unknown()).optional(),
        }),
    }),
    create: ({ abort: { http_status: code, body, headers, vars = [[]] } }) => {
        const conditions = vars.map(compileExpr);
        for (const text of [body ?? "", ...Object.values(headers)]) withoutVariables(text);
        return {
            async rewrite(ctx) {
                const hits = await Promise.all(conditions.map((condition) => ctx.holds(condition)));
                if (!hits.includes(true)) return undefined;
                for (const [name, value] of Object.entries(headers)) ctx.response.set(name, value);
                return { code, body };
            },
        };
    },
});
