import type { Conf, Exit } from "../../request/types";
import { Unsupported } from "../../unsupported";
import { definePlugin, OBJECT } from "../plugin";

/** multi-auth: tries the listed auth plugins in order. The first success wins. */
export const multiAuth = definePlugin<{ auth_plugins: Record<string, Conf>[] }>({
    name: "multi-auth",
    priority: 2600,
    fields: { auth_plugins: { type: "array", minItems: 2, items: OBJECT } },
    required: ["auth_plugins"],
    create: ({ auth_plugins }, parentKey, tools) => {
        const steps = auth_plugins.flatMap(Object.entries<Conf>).map(([name, inner]) => {
            if (name !== "key-auth" && name !== "jwt-auth") throw new Unsupported(`${name} in multi-auth`);
            return tools.instantiate(name, inner, parentKey);
        });
        return {
            async rewrite(ctx): Promise<Exit | undefined> {
                for (const step of steps) if (!(await step.rewrite?.(ctx))) return undefined;
                return { code: 401, body: { message: "Authorization Failed" } };
            },
        };
    },
});
