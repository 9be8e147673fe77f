import type { Conf, Exit } from "../../request/types";
import { definePlugin } from "../define";

/** multi-auth: tries the listed auth plugins in order. The first success wins. */
export const multiAuth = definePlugin<{ auth_plugins: Record<string, Conf>[] }>({
    name: "multi-auth",
    priority: 2600,
    schema: {
        type: "object",
        title: "work with route or service object",
        properties: { auth_plugins: { type: "array", minItems: 2 } },
        required: ["auth_plugins"],
    },
    check: (conf, _, tools) => {
        for (const [name, inner] of conf.auth_plugins.flatMap((plugin) => Object.entries(plugin))) {
            if (tools.isOtherKind(name)) return `${name} plugin is not supported`;
            if (!tools.isKnown(name)) return `${name} plugin did not found`;
            const error = tools.checkPlugin(name, inner, "route");
            if (error !== undefined) return `plugin ${name} check schema failed: ${error}`;
        }
        return undefined;
    },
    create: (conf, parentKey, tools) => {
        const steps = conf.auth_plugins
            .flatMap((plugin) => Object.entries(plugin))
            .map(([name, inner]) => tools.instantiate(name, inner, parentKey));
        return {
            async rewrite(ctx): Promise<Exit | undefined> {
                for (const step of steps) if (!(await step.rewrite?.(ctx))) return undefined;
                return { code: 401, body: { message: "Authorization Failed" } };
            },
        };
    },
});
