/** A zone's rulesets of the two phases that the project writes, and the account's notification of expiring service tokens. */
import { z } from "zod";
import type { NotificationPolicy, Ruleset } from "../account";
import { Rule } from "../edge/rules";
import { Unsupported as EdgeUnsupported } from "../edge/types";
import { hexId } from "../ids";
import { ApiError, Unsupported } from "./answer";
import { bodyOf, collection, without, type Route } from "./call";

const ruleBody = z.strictObject({
    ref: z.string().optional(),
    action: z.enum(["block", "skip"]),
    expression: z.string(),
    description: z.string().default(""),
    enabled: z.boolean().default(true),
    action_parameters: z
        .strictObject({
            response: z
                .strictObject({ status_code: z.number(), content_type: z.string(), content: z.string() })
                .optional(),
            products: z.array(z.enum(["bic", "securityLevel"])).optional(),
        })
        .optional(),
    ratelimit: z
        .strictObject({
            characteristics: z
                .array(z.string())
                .refine((list) => list.includes("cf.colo.id"), 'must contain "cf.colo.id"'),
            period: z.number().int().min(10),
            requests_per_period: z.number().int().min(1),
            mitigation_timeout: z.number().int().min(0).default(0),
            requests_to_origin: z.literal(false).optional(),
        })
        .optional(),
    // Clients copy these fields from an answer.
    ...{ id: z.string().optional(), version: z.string().optional(), last_updated: z.string().optional() },
});
const rulesetBody = z.strictObject({
    name: z.string(),
    kind: z.literal("zone"),
    phase: z.enum(["http_ratelimit", "http_request_firewall_custom"]),
    description: z.literal("").optional(),
    rules: z.array(ruleBody).default([]),
});

const rulesets = collection<Ruleset>({
    ...{ path: "zones/{zone}/rulesets", group: "Zone WAF" },
    missing: [10000, "could not find ruleset"],
    store: ({ account }) => account.rulesets,
    make: ({ account, zone, body }, old) => {
        const { name, kind, phase, rules } = bodyOf(rulesetBody, body);
        const others = [...account.rulesets.values()].filter(
            ({ id, zone_id }) => id !== old?.id && zone_id === zone.id,
        );
        if (others.some((other) => other.phase === phase)) {
            const message = `'zone' is not a valid value for kind because exceeded maximum number of zone rulesets for phase ${phase}`;
            throw new ApiError(400, 20217, message);
        }
        const made = rules.map(({ version: _1, last_updated: _2, ...rule }) => {
            // A rule without `ref` is created again by each write, so its counters start at 0.
            const id = old?.rules.find(({ ref }) => ref === rule.ref)?.id ?? hexId();
            if (
                (phase === "http_ratelimit") !== (rule.ratelimit !== undefined) ||
                (rule.ratelimit && rule.action === "skip")
            )
                throw new ApiError(
                    400,
                    20121,
                    "ratelimit: required in phase http_ratelimit, invalid in all other phases.",
                );
            return { ...rule, id, ref: rule.ref ?? id };
        });
        try {
            for (const rule of made) new Rule(rule);
        } catch (error) {
            throw error instanceof EdgeUnsupported ? new Unsupported(error.message) : error;
        }
        return { id: old?.id ?? hexId(), zone_id: zone.id, name, kind, phase, rules: made };
    },
    show: (_, ruleset) => ({ ...without(ruleset, "zone_id"), description: "" }),
    removed: () => ({ empty: true }),
});

const notificationBody = z.strictObject({
    name: z.string().min(1),
    alert_type: z.literal("expiring_service_token_alert"),
    enabled: z.literal(true).default(true),
    mechanisms: z.strictObject({ email: z.array(z.strictObject({ id: z.email() })).min(1) }),
});

const notifications = collection<NotificationPolicy>({
    ...{ path: "accounts/{account}/alerting/v3/policies", group: "Notifications" },
    missing: [17201, "notification policy not found"],
    store: ({ account }) => account.notificationPolicies,
    make: ({ body }, old) => ({ id: old?.id ?? hexId(), ...bodyOf(notificationBody, body) }),
    // The answer to a POST or PUT contains only the id.
    written: (_, { id }) => ({ id }),
    removed: () => ({ result: null }),
});

export const ruleRoutes: Route[] = [...rulesets, ...notifications];
