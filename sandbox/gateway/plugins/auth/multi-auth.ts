import { z } from "zod";
import { definePlugin, OBJECT } from "../plugin";

/** multi-auth: tries the listed auth plugins in order. The first success wins. */
export const multiAuth = definePlugin({
    name: "multi-auth",
    priority: 2600,
    schema: z.strictObject({
        auth_plugins: z.array(z.partialRecord(z.enum(["key-auth", "jwt-auth"]), OBJECT)).min(2),
    }),
    create: ({ auth_plugins }, parentKey, tools) => {
        const steps = auth_plugins
            .flatMap((one) => Object.entries(one))
            .map(([name, conf]) => tools.instantiate(name, conf, parentKey));
        return {
            async rewrite(ctx) {
                for (const step of steps) if (!(await step.rewrite?.(ctx))) return undefined;
                return { code: 401, body: { message: "Authorization Failed" } };
            },
        };
    },
});
