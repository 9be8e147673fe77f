/** Limits of a plan for rate limiting rules. Rules that exceed a limit are rejected with an error that names the limit. */
import type { Plan } from "../../account";
import { fieldsOf, parseExpression } from "../../edge/rules/parse";
import { ApiError } from "../answer";
import { FREE_EXPRESSION_FIELDS, RATE_LIMITS } from "../../account-limits";
import type { RuleBody } from "./rulesets";

const NOT_ENTITLED = 20120;
const CHALLENGES = ["managed_challenge", "js_challenge", "challenge"];

export function checkPlan(plan: Plan, phase: string, rules: RuleBody[]): void {
    if (phase !== "http_ratelimit") return;
    const limit = RATE_LIMITS[plan];
    const problems: string[] = [];
    if (rules.length > limit.rules) problems.push(`rules: at most ${limit.rules} on this plan (got ${rules.length}).`);
    rules.forEach(({ ratelimit, action, expression, action_parameters }, i) => {
        if (!ratelimit) return;
        const at = `rules.${i}`;
        const { period, mitigation_timeout: timeout, characteristics } = ratelimit;
        if (period > limit.period)
            problems.push(`${at}.ratelimit.period: at most ${limit.period} s on this plan (got ${period}).`);
        if (timeout > limit.timeout)
            problems.push(
                `${at}.ratelimit.mitigation_timeout: at most ${limit.timeout} s on this plan (got ${timeout}).`,
            );
        if (CHALLENGES.includes(action) && timeout > 0 && plan !== "enterprise")
            problems.push(
                `${at}.ratelimit.mitigation_timeout: must be 0 for the action ${action} on this plan (got ${timeout}).`,
            );
        const other = characteristics.find((c) => c !== "cf.colo.id" && !(limit.by?.includes(c) ?? true));
        if (other !== undefined)
            problems.push(`${at}.ratelimit.characteristics: ${other} is not available on this plan.`);
        const field =
            plan === "free"
                ? fields(expression, ratelimit.counting_expression).find((f) => !FREE_EXPRESSION_FIELDS.includes(f))
                : undefined;
        if (plan === "free" && action_parameters?.response)
            problems.push(`${at}.action_parameters.response: a custom response is not available on this plan.`);
        if (field !== undefined) problems.push(`${at}.expression: ${field} is not available on this plan.`);
    });
    if (problems.length > 0)
        throw new ApiError(
            400,
            problems.map((message) => ({ code: NOT_ENTITLED, message })),
        );
}

/** Fields that a rule's expression and counting expression read. */
function fields(expression: string, counting = "true"): string[] {
    return [expression, counting].flatMap((text) => fieldsOf(parseExpression(text)));
}
