import { compileExpr } from "../lua/expr";
import { withoutVariables } from "../request/variables";
import { definePlugin, OBJECT } from "./plugin";

interface Abort {
    http_status: number;
    body?: string;
    headers?: Record<string, string>;
    /** Lists of conditions: the fault applies if one of them is true. */
    vars?: unknown[];
}

export const faultInjection = definePlugin<{ abort: Abort }>({
    name: "fault-injection",
    priority: 11000,
    fields: {
        abort: {
            ...OBJECT,
            properties: { http_status: { type: "integer", minimum: 200 }, body: { type: "string" }, headers: OBJECT },
            required: ["http_status"],
        },
    },
    required: ["abort"],
    create: ({ abort: { http_status: code, body, headers = {}, vars } }) => {
        const conditions = vars?.map(compileExpr);
        for (const text of [body ?? "", ...Object.values(headers)]) withoutVariables(text);
        return {
            async rewrite(ctx) {
                const hits = await Promise.all((conditions ?? []).map((condition) => ctx.holds(condition)));
                if (conditions && !hits.includes(true)) return undefined;
                for (const [name, value] of Object.entries(headers)) ctx.response.set(name, value);
                return { code, body };
            },
        };
    },
});
