import * as z from "zod";
import { got } from "../problems";
import { text } from "../values";

interface Choice {
    enabled: boolean;
    reason?: string;
}

/** Key `enabled` of a setting that is unsafe with `true` or with `false`. */
export const enabled = z.boolean({ error: (i) => `must be true or false${got(i.input)}` });

/** Key `reason`, next to `enabled`. */
export const reason = text("the reason").optional();

/**
 * Checks that a mapping has a reason if `enabled` has the unsafe value, and no reason if `enabled` has the safe value.
 * @param unsafe value of `enabled` that needs a reason
 * @param advice what to do, for the error about a missing reason
 */
export function reasonFor({ enabled: unsafe }: Pick<Choice, "enabled">, advice: string) {
    return (ctx: z.core.ParsePayload<Choice>): void => {
        const { enabled, reason } = ctx.value;
        const issue = (message: string) =>
            ctx.issues.push({ code: "custom", input: ctx.value, path: ["reason"], message });
        if (enabled === unsafe && reason === undefined) issue(`required with enabled ${unsafe}. ${advice}`);
        if (enabled !== unsafe && reason !== undefined)
            issue(`only valid with enabled ${unsafe} (got enabled ${enabled}). Remove it`);
    };
}
