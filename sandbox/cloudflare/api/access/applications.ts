/** Access applications of type self_hosted. */
import type { AccessApplication, AccessPolicy, Account } from "../../account";
import { audience, uuid } from "../../ids";
import { notFound, refused } from "../answer";
import { applicationBody, checkType, hostnames, policyEntries } from "./application-body";
import type { ApplicationBody, PolicyEntry } from "./application-body";
import { bodyOf, inBothScopes, product, without, type Call, type Route } from "../call";
import { MOST } from "../../account-limits";
import { page, PAGING } from "../paging";
import { checkTokens, makePolicy } from "./policies";

const INVALID = 12130;
const apps = product("Access: Apps and Policies");
const KIND = "ZeroTrustAccessApplication";

export const applicationRoutes: Route[] = inBothScopes([
    apps("GET", "access/apps", "listing existing objects", list, ["name", "domain", ...PAGING]),
    apps("POST", "access/apps", `${KIND}: create`, create),
    apps("GET", "access/apps/{app}", `${KIND}: read, import`, (call) => ({
        result: answer(call.account, find(call)),
    })),
    apps("PUT", "access/apps/{app}", `${KIND}: update`, change),
    apps("DELETE", "access/apps/{app}", `${KIND}: delete`, (call) => {
        const { account } = call;
        const app = find(call);
        account.applications.delete(app.id);
        dropInline(account, app, []);
        account.changed("application", app.id);
        return { result: { id: app.id } };
    }),
]);

function find({ account, params, zone }: Call): AccessApplication {
    const app = account.applications.get(params.app);
    if (!app || app.zone_id !== zone?.id) throw notFound(12135, "access.api.error.application_not_found");
    return app;
}

function list(call: Call) {
    const { account, query, zone } = call;
    const found = [...account.applications.values()].filter(
        (app) =>
            app.zone_id === zone?.id &&
            (query.get("name") ?? app.name) === app.name &&
            (query.get("domain") ?? app.domain) === app.domain,
    );
    return page(
        call,
        found.map((app) => answer(account, app)),
        25,
        1000,
    );
}

function create(call: Call) {
    const { account, zone } = call;
    const body = bodyOf(call, applicationBody, INVALID);
    if (account.applications.size >= MOST.applications)
        throw refused(12133, `You may have at most ${MOST.applications} applications`);
    const identity = { id: uuid(), aud: audience(), created_at: account.stamp() };
    return store(call, body, { ...identity, ...(zone ? { zone_id: zone.id } : {}) });
}

function change(call: Call) {
    const { account } = call;
    const old = find(call);
    const body = bodyOf(call, applicationBody, INVALID);
    const { id, aud, created_at, zone_id } = old;
    const stored = store(call, body, { id, aud, created_at, ...(zone_id === undefined ? {} : { zone_id }) }, old);
    dropInline(account, old, account.applications.get(id)?.policies ?? []);
    return stored;
}

type Identity = Pick<AccessApplication, "id" | "aud" | "created_at" | "zone_id">;

/** Stores an application and its policies. Everything is validated first, so that a rejected application leaves no policies. */
function store(call: Call, body: ApplicationBody, identity: Identity, old?: AccessApplication) {
    const { account } = call;
    checkType(body.type);
    const hosts = hostnames(account, body, call.zone, old);
    const entries = policyEntries(body.policies);
    const precedences = order(entries);
    for (const entry of entries) checkPolicy(account, entry);
    const policies = entries.map((policy, i) => ({
        id: policyId(account, policy, precedences[i], old),
        precedence: precedences[i],
    }));
    const app = {
        ...body,
        ...hosts,
        ...identity,
        policies,
        updated_at: account.stamp(),
    } as AccessApplication;
    account.applications.set(app.id, app);
    account.changed("application", app.id);
    return { result: answer(account, app) };
}

/** Precedences of the policies in a body. A policy without one gets its position in the list. */
function order(policies: PolicyEntry[]): number[] {
    if (policies.length > MOST.rulesPerApplication)
        throw refused(INVALID, `policies: at most ${MOST.rulesPerApplication} (got ${policies.length}).`);
    const numbers = policies.map(({ precedence }, i) => precedence ?? i + 1);
    if (new Set(numbers).size < numbers.length) throw refused(INVALID, "policies: each precedence may be used once.");
    return numbers;
}

function checkPolicy(account: Account, entry: PolicyEntry): void {
    if (!("id" in entry)) return checkTokens(account, entry);
    if (!account.policies.get(entry.id)?.reusable) throw refused(INVALID, `policies: unknown policy ${entry.id}.`);
}

/**
 * Returns the id of a policy in a body, and stores an inline policy. An inline policy replaces the old inline policy with
 * the same precedence and keeps its id. Without such an old policy, it gets a new id.
 */
function policyId(account: Account, entry: PolicyEntry, precedence: number, old?: AccessApplication): string {
    if ("id" in entry) return entry.id;
    const { precedence: _, ...body } = entry;
    const before = account.policies.get(old?.policies.find((p) => p.precedence === precedence)?.id ?? "");
    if (!before || before.reusable) return makePolicy(account, body, false).id;
    const { id, reusable, created_at } = before;
    account.policies.set(id, { ...body, id, reusable, created_at, updated_at: account.stamp() } as AccessPolicy);
    account.changed("policy", id);
    return id;
}

/** Deletes inline policies that the application no longer uses. @param kept policies that it still uses */
function dropInline(account: Account, app: AccessApplication, kept: { id: string }[]): void {
    for (const { id } of app.policies) {
        if (account.policies.get(id)?.reusable || kept.some((policy) => policy.id === id)) continue;
        account.policies.delete(id);
        account.changed("policy", id);
    }
}

function answer(account: Account, app: AccessApplication): object {
    const policies = app.policies.map(({ id, precedence }) => {
        const policy = account.policies.get(id) as AccessPolicy;
        return { ...without(policy), precedence };
    });
    return { ...without(app, "zone_id"), policies, uid: app.id };
}
