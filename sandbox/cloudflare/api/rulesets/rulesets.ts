/**
 * Routes of a zone's rulesets: rate limiting rules and WAF custom rules. A zone has at most one ruleset of kind "zone" per
 * phase.
 */
import { z } from "zod";
import type { Account, Ruleset, RulesetRule, Zone } from "../../account";
import { readExpression } from "../../edge/rules/evaluate";
import { RealOperator } from "../../edge/rules/parse";
import { hexId } from "../../ids";
import { ApiError, notFound, Unsupported } from "../answer";
import { bodyOf, product, without, type Call, type Route } from "../call";
import { RATE_LIMIT_PERIODS } from "../../account-limits";
import { page, PAGING } from "../paging";
import { checkCharacteristic } from "./characteristics";
import { checkPlan } from "./plan";

const rulesets = product("Zone WAF");
const RATE_LIMITING = "http_ratelimit";
const CUSTOM_RULES = "http_request_firewall_custom";

/** Phases and products that a rule can skip, from the documentation of custom rules. The names are case-sensitive. */
const SKIPPED_PHASES = ["http_ratelimit", "http_request_sbfm", "http_request_firewall_managed"] as const;
const SKIPPED_PRODUCTS = ["zoneLockdown", "uaBlock", "bic", "hot", "securityLevel", "rateLimit", "waf"] as const;

const ruleBody = z.strictObject({
    /**
     * Clients copy these fields from an answer. `id` must be the id of an existing rule. `version` and `last_updated` have
     * no effect.
     */
    ...{ id: z.string().optional(), version: z.string().optional(), last_updated: z.string().optional() },
    ref: z.string().min(1).optional(),
    action: z.enum(["block", "log", "managed_challenge", "js_challenge", "challenge", "skip"]),
    expression: z.string().min(1),
    description: z.string().default(""),
    enabled: z.boolean().default(true),
    action_parameters: z
        .strictObject({
            response: z
                .strictObject({ status_code: z.number().int(), content_type: z.string(), content: z.string() })
                .optional(),
            ruleset: z.literal("current").optional(),
            phases: z.array(z.enum(SKIPPED_PHASES)).optional(),
            products: z.array(z.enum(SKIPPED_PRODUCTS)).optional(),
        })
        .optional(),
    ratelimit: z
        .strictObject({
            characteristics: z.array(z.string()).refine((list) => list.includes("cf.colo.id"), {
                error: 'must contain "cf.colo.id"',
            }),
            period: z.number().refine((seconds) => RATE_LIMIT_PERIODS.includes(seconds), {
                error: ({ input }) => `must be one of ${RATE_LIMIT_PERIODS.join(", ")} (got ${JSON.stringify(input)})`,
            }),
            requests_per_period: z.number().int().min(1),
            mitigation_timeout: z.number().int().min(0).default(0),
            requests_to_origin: z.boolean().default(false),
            counting_expression: z.string().optional(),
        })
        .optional(),
    logging: z.strictObject({ enabled: z.boolean() }).optional(),
});
export type RuleBody = z.infer<typeof ruleBody>;
const rulesetBody = z.strictObject({
    name: z.string(),
    kind: z.string(),
    phase: z.string(),
    description: z.string().default(""),
    rules: z.array(ruleBody).default([]),
});

const ONE = "zones/{zone}/rulesets/{ruleset}";
export const rulesetRoutes: Route[] = [
    rulesets("GET", "zones/{zone}/rulesets", "listing existing objects", list, PAGING),
    rulesets("POST", "zones/{zone}/rulesets", "Ruleset: create", create),
    rulesets("GET", ONE, "Ruleset: read, import", (call) => ({ result: answer(find(call)) })),
    rulesets("PUT", ONE, "Ruleset: update", change),
    rulesets("DELETE", ONE, "Ruleset: delete", (call) => {
        const ruleset = find(call);
        call.account.rulesets.delete(ruleset.id);
        call.account.changed("ruleset", ruleset.id);
        return { status: 204 };
    }),
];

const invalid = (code: number, message: string) => new ApiError(400, { code, message });

function find({ account, zone, params }: Call): Ruleset {
    const ruleset = account.rulesets.get(params.ruleset);
    if (ruleset?.zone_id !== zone.id) throw notFound(10000, "could not find ruleset");
    return ruleset as Ruleset;
}
const answer = (ruleset: Ruleset): object => without(ruleset, "zone_id");

function list(call: Call) {
    const found = [...call.account.rulesets.values()].filter((ruleset) => ruleset.zone_id === call.zone.id);
    return page(
        call,
        found.map((ruleset) => without(ruleset, "zone_id", "rules")),
        50,
    );
}

/** Parses the body and checks it against the phase and the zone's plan. */
function read(call: Call) {
    const body = bodyOf(call, rulesetBody, 20015);
    if (body.kind !== "zone") throw new Unsupported(`ruleset of kind ${body.kind} in a zone`);
    if (body.phase !== RATE_LIMITING && body.phase !== CUSTOM_RULES)
        throw new Unsupported(`ruleset of phase ${body.phase}`);
    const refs = body.rules.flatMap(({ ref }) => ref ?? []);
    if (new Set(refs).size < refs.length) throw invalid(20120, "rules: each ref may be used once.");
    body.rules.forEach((rule, i) => {
        const limiting = body.phase === RATE_LIMITING;
        if (limiting !== (rule.ratelimit !== undefined))
            throw invalid(
                20121,
                `rules.${i}.ratelimit: required in phase ${RATE_LIMITING}, invalid in all other phases.`,
            );
        checkParameters(rule, `rules.${i}.action_parameters`);
        checkExpression(rule.expression, `rules.${i}.expression`);
        if (rule.ratelimit?.counting_expression)
            checkExpression(rule.ratelimit.counting_expression, `rules.${i}.ratelimit.counting_expression`);
        rule.ratelimit?.characteristics.forEach((name, j) =>
            checkCharacteristic(name, `rules.${i}.ratelimit.characteristics.${j}`),
        );
        if (limiting && rule.action === "skip")
            throw invalid(20122, `rules.${i}.action: a rate limiting rule cannot have the action skip.`);
    });
    checkPlan(call.zone.plan, body.phase, body.rules);
    return body;
}

/**
 * Checks action parameters: phases and products to skip are valid only with action `skip`, a custom response only with `block`.
 */
function checkParameters({ action, action_parameters: given = {} }: RuleBody, where: string): void {
    const { response, ...skipped } = given;
    const skips = Object.values(skipped).some((part) => part !== undefined && part.length > 0);
    if (skips !== (action === "skip"))
        throw invalid(20016, `${where}: set ruleset, phases or products for the action skip, and for no other action.`);
    if (response && action !== "block") throw invalid(20016, `${where}.response: only valid with action block.`);
}

/**
 * Checks that the emulated edge can parse an expression. Operators of the real language that the edge lacks are
 * reported as unsupported. All other errors get the real API's answer to an invalid expression, even for a few fields and
 * functions that are valid in the real API.
 */
function checkExpression(expression: string, where: string): void {
    try {
        readExpression(expression);
    } catch (error) {
        if (error instanceof RealOperator) throw new Unsupported(error.message);
        throw invalid(20127, `${where}: filter parsing error: ${(error as Error).message}.`);
    }
}

function create(call: Call) {
    const { account, zone } = call;
    const body = read(call);
    checkEntrypoint(account, zone, body.phase);
    const last_updated = account.stamp();
    const named = body.rules.findIndex(({ id }) => id !== undefined);
    if (named >= 0) throw invalid(20016, `rules.${named}.id: must be unset in a new ruleset.`);
    const rules = body.rules.map((rule) => ruleOf(rule, last_updated));
    const ruleset: Ruleset = { id: hexId(), zone_id: zone.id, ...body, version: "1", last_updated, rules };
    account.rulesets.set(ruleset.id, ruleset);
    account.changed("ruleset", ruleset.id);
    return { result: answer(ruleset) };
}

function checkEntrypoint(account: Account, zone: Zone, phase: string): void {
    if ([...account.rulesets.values()].some((r) => r.zone_id === zone.id && r.phase === phase)) {
        const message = `'zone' is not a valid value for kind because exceeded maximum number of zone rulesets for phase ${phase}`;
        throw invalid(20217, message);
    }
}

function change(call: Call) {
    const { account } = call;
    const old = find(call);
    const body = read(call);
    if (body.kind !== old.kind || body.phase !== old.phase)
        throw invalid(20018, "kind and phase of a ruleset cannot be changed");
    const last_updated = account.stamp();
    const rules = body.rules.map((rule, i) => {
        const before = old.rules.find(({ id, ref }) => (rule.id === undefined ? ref === rule.ref : id === rule.id));
        if (rule.id !== undefined && !before)
            throw invalid(20016, `rules.${i}.id: no rule of this ruleset has this id.`);
        return ruleOf(rule, last_updated, before);
    });
    const version = String(Number(old.version) + 1);
    const ruleset: Ruleset = { ...body, id: old.id, zone_id: old.zone_id, version, last_updated, rules };
    account.rulesets.set(old.id, ruleset);
    account.changed("ruleset", old.id);
    return { result: answer(ruleset) };
}

/**
 * A rule in a request changes the existing rule with the same id or `ref`. A rule without id and `ref` is created again by
 * each write, so its counters start at 0.
 */
function ruleOf(body: RuleBody, last_updated: string, old?: RulesetRule): RulesetRule {
    const { version: _1, last_updated: _2, ...said } = body;
    const id = old?.id ?? hexId();
    const rule = { ...said, id, ref: body.ref ?? old?.ref ?? id } as RulesetRule;
    if (!old) return { ...rule, version: "1", last_updated };
    const { version, last_updated: _, ...rest } = old;
    const same = JSON.stringify(sorted(rest)) === JSON.stringify(sorted(rule));
    return same ? old : { ...rule, version: String(Number(version) + 1), last_updated };
}
const sorted = (object: object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
