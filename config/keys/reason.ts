import * as z from "zod";
import { got } from "../problems";
import { text } from "../values";

interface Choice {
    enabled: boolean;
    reason?: string;
}

/** Key `enabled` of a setting that is unsafe in one of its states. */
export const enabled = z.boolean({ error: (i) => `must be true or false${got(i.input)}. Correct it` });

/** Key `reason` next to it. */
export const reason = text("the reason").optional();

/**
 * Check of such a mapping.
 * @param unsafe value of `enabled` that needs a reason
 * @param advice what the reason must say
 */
export function reasonFor(unsafe: boolean, advice: string) {
    return (ctx: z.core.ParsePayload<Choice>): void => {
        const { enabled, reason } = ctx.value;
        const issue = (message: string) =>
            ctx.issues.push({ code: "custom", input: ctx.value, path: ["reason"], message });
        if (enabled === unsafe && reason === undefined) issue(`required with enabled ${unsafe}. ${advice}`);
        if (enabled !== unsafe && reason !== undefined)
            issue(`belongs to enabled ${unsafe} (got enabled ${enabled}). Remove it`);
    };
}
