/** Routes of reusable Access policies, and the selectors that every policy can have. */
import { z } from "zod";
import type { AccessPolicy, Account, Selector } from "../../account";
import { goDuration } from "../../durations";
import { isRange } from "../../edge/access/policies";
import { uuid } from "../../ids";
import { notFound, Unsupported, refused } from "../answer";
import { bodyOf, product, without, type Call, type Route } from "../call";
import { MOST } from "../../account-limits";
import { page, PAGING } from "../paging";

const INVALID = 12130;
const policies = product("Access: Apps and Policies");

const id = z.strictObject({ id: z.string() });
const SELECTORS: Record<string, z.ZodType> = {
    any_valid_service_token: z.strictObject({}),
    certificate: z.strictObject({}),
    common_name: z.strictObject({ common_name: z.string() }),
    email: z.strictObject({ email: z.string() }),
    email_domain: z.strictObject({ domain: z.string() }),
    everyone: z.strictObject({}),
    geo: z.strictObject({ country_code: z.string().length(2) }),
    group: id,
    ip: z.strictObject({ ip: z.string().refine(isRange, { error: "must be an IP address or a CIDR range" }) }),
    login_method: id,
    service_token: z.strictObject({ token_id: z.string() }),
};
const selectors = z.array(z.record(z.string(), z.looseObject({}))).superRefine((list, context) => {
    list.forEach((selector, i) => {
        const [name, ...more] = Object.keys(selector);
        if (name === undefined || more.length > 0) return context.addIssue(issue(i, "must have exactly one key"));
        if (!Object.hasOwn(SELECTORS, name)) throw new Unsupported(`Access selector ${name}`);
        const result = SELECTORS[name].safeParse(selector[name]);
        if (!result.success) context.addIssue(issue(i, `${name}: ${result.error.issues[0].message}`));
    });
});
const issue = (at: number, message: string) => ({ code: "custom" as const, path: [at], message });

export const sessionDuration = z.string().refine((text) => goDuration(text) !== undefined, {
    error: "must be a duration like 24h",
});

/** Fields of every policy, whether it is reusable or belongs to one application. */
export const policyFields = {
    name: z.string().min(1, "required"),
    decision: z.enum(["allow", "deny", "non_identity", "bypass"]),
    include: selectors.refine((list) => list.length > 0, { error: "needs at least one selector" }),
    exclude: selectors.default([]),
    require: selectors.default([]),
    session_duration: sessionDuration.optional(),
    approval_groups: z.array(z.looseObject({})).max(0, "approval groups are unsupported by the sandbox").optional(),
    approval_required: z.boolean().optional(),
    isolation_required: z.boolean().optional(),
    purpose_justification_prompt: z.string().optional(),
    purpose_justification_required: z.boolean().optional(),
};
const policyBody = z.strictObject(policyFields);

const ONE = "accounts/{account}/access/policies/{policy}";
const KIND = "ZeroTrustAccessPolicy";
export const policyRoutes: Route[] = [
    policies("GET", "accounts/{account}/access/policies", "listing existing objects", list, PAGING),
    policies("POST", "accounts/{account}/access/policies", `${KIND}: create`, (call) => {
        const { account } = call;
        const reusable = [...account.policies.values()].filter((policy) => policy.reusable);
        if (reusable.length >= MOST.policies)
            throw refused(12133, `You may have at most ${MOST.policies} reusable policies`);
        const policy = makePolicy(account, bodyOf(call, policyBody, INVALID), true);
        return { result: answer(account, policy) };
    }),
    policies("GET", ONE, `${KIND}: read, import`, (call) => ({ result: answer(call.account, find(call)) })),
    policies("PUT", ONE, `${KIND}: update`, (call) => {
        const { account } = call;
        const old = find(call);
        const body = bodyOf(call, policyBody, INVALID);
        checkTokens(account, body);
        const { id, reusable, created_at } = old;
        const policy = { ...body, id, reusable, created_at, updated_at: account.stamp() } as AccessPolicy;
        account.policies.set(id, policy);
        account.changed("policy", id);
        return { result: answer(account, policy) };
    }),
    policies("DELETE", ONE, `${KIND}: delete`, (call) => {
        const { account } = call;
        const policy = find(call);
        const count = appCount(account, policy);
        if (count > 0)
            throw refused(
                12132,
                `The policy is used by ${count} application(s). Remove the policy from each of them first`,
            );
        account.policies.delete(policy.id);
        account.changed("policy", policy.id);
        return { result: { id: policy.id } };
    }),
];

function find({ account, params }: Call): AccessPolicy {
    const policy = account.policies.get(params.policy);
    if (!policy?.reusable) throw notFound(12135, "access.api.error.policy_not_found");
    return policy;
}

function list(call: Call) {
    const found = [...call.account.policies.values()].filter((policy) => policy.reusable);
    return page(
        call,
        found.map((policy) => answer(call.account, policy)),
        25,
        1000,
    );
}

function appCount(account: Account, policy: AccessPolicy): number {
    return [...account.applications.values()].filter((app) => app.policies.some((p) => p.id === policy.id)).length;
}
function answer(account: Account, policy: AccessPolicy): object {
    return { ...without(policy), app_count: appCount(account, policy) };
}

/** Stores a new policy after checking that its service tokens exist. */
export function makePolicy(account: Account, body: object, reusable: boolean): AccessPolicy {
    checkTokens(account, body as AccessPolicy);
    const now = account.stamp();
    const policy = { ...body, id: uuid(), reusable, created_at: now, updated_at: now } as AccessPolicy;
    account.policies.set(policy.id, policy);
    account.changed("policy", policy.id);
    return policy;
}

export function checkTokens(account: Account, policy: { [list in "include" | "exclude" | "require"]: object[] }): void {
    for (const selector of [...policy.include, ...policy.exclude, ...policy.require] as Selector[]) {
        const token = selector.service_token?.token_id;
        if (token !== undefined && !account.serviceTokens.has(String(token)))
            throw refused(INVALID, `access.api.error.invalid_request: unknown service token ${String(token)}`);
        if (selector.group || selector.login_method)
            throw refused(INVALID, "access.api.error.invalid_request: unknown group or login method");
    }
}
