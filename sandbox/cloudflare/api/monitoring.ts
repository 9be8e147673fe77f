/** Routes of a zone's health checks and of the account's notification policies. */
import { z } from "zod";
import type { Account, Healthcheck, NotificationPolicy } from "../account";
import { hexId } from "../ids";
import { ApiError, notFound, Unsupported } from "./answer";
import { bodyOf, product, without, type Call, type Route } from "./call";
import { page, PAGING } from "./paging";

const checks = product("Health Checks");
const alerts = product("Notifications");

const whole = z.number().int().min(0);
const healthcheckBody = z.strictObject({
    name: z.string().regex(/^[A-Za-z0-9_-]+$/, "must consist of letters, digits, _ and -"),
    address: z.string().min(1),
    type: z.enum(["HTTP", "HTTPS", "TCP"]).default("HTTP"),
    description: z.string().default(""),
    check_regions: z.array(z.string()).optional(),
    consecutive_fails: whole.default(1),
    consecutive_successes: whole.default(1),
    interval: whole.default(60),
    retries: whole.default(2),
    suspended: z.boolean().default(false),
    timeout: whole.default(5),
    http_config: z
        .strictObject({
            ...{ method: z.enum(["GET", "HEAD"]).optional(), path: z.string().optional(), port: whole.optional() },
            ...{ expected_body: z.string().optional(), expected_codes: z.array(z.string()).optional() },
            ...{ allow_insecure: z.boolean().optional(), follow_redirects: z.boolean().optional() },
            header: z.record(z.string(), z.array(z.string())).optional(),
        })
        .optional(),
    tcp_config: z
        .strictObject({ method: z.literal("connection_established").optional(), port: whole.optional() })
        .optional(),
});

/** Supported alert types: the real API's types for tunnels, tokens, certificates and origins. */
const ALERTS = [
    ...["expiring_service_token_alert", "tunnel_health_event", "tunnel_update_event"],
    ...["health_check_status_notification", "universal_ssl_event_type", "http_alert_origin_error"],
];
const addresses = z.array(z.strictObject({ id: z.email("must be an e-mail address") })).optional();
const nowhere = z
    .array(z.strictObject({ id: z.string() }))
    .max(0, "the sandbox has no webhooks and no PagerDuty service")
    .optional();
const notificationBody = z.strictObject({
    name: z.string().min(1, "required"),
    alert_type: z.string(),
    enabled: z.boolean().default(true),
    description: z.string().optional(),
    mechanisms: z
        .strictObject({ email: addresses, webhooks: nowhere, pagerduty: nowhere })
        .refine((m) => Object.values(m).some((list) => (list?.length ?? 0) > 0), {
            error: "must name at least one recipient",
        }),
    filters: z.record(z.string(), z.array(z.string())).optional(),
    alert_interval: z.string().optional(),
});

const HEALTHCHECK = "zones/{zone}/healthchecks/{healthcheck}";
const POLICY = "accounts/{account}/alerting/v3/policies/{policy}";
export const monitoringRoutes: Route[] = [
    checks(
        "GET",
        "zones/{zone}/healthchecks",
        "listing existing objects",
        (call) =>
            page(
                call,
                [...call.account.healthchecks.values()].filter((c) => c.zone_id === call.zone.id).map(shown),
                25,
                1000,
            ),
        PAGING,
    ),
    checks("POST", "zones/{zone}/healthchecks", "Healthcheck: create", (call) => saveCheck(call)),
    checks("GET", HEALTHCHECK, "Healthcheck: read, import", (call) => ({ result: shown(healthcheck(call)) })),
    checks("PUT", HEALTHCHECK, "Healthcheck: update", (call) => saveCheck(call, healthcheck(call))),
    checks("DELETE", HEALTHCHECK, "Healthcheck: delete", (call) => {
        const { id } = healthcheck(call);
        call.account.healthchecks.delete(id);
        call.account.changed("healthcheck", id);
        return { result: { id } };
    }),
    alerts(
        "GET",
        "accounts/{account}/alerting/v3/policies",
        "listing existing objects",
        (call) => page(call, [...call.account.notificationPolicies.values()], 25, 1000),
        PAGING,
    ),
    // The answer to a POST or PUT of a notification policy contains only its id.
    alerts("POST", "accounts/{account}/alerting/v3/policies", "NotificationPolicy: create", (call) => savePolicy(call)),
    alerts("GET", POLICY, "NotificationPolicy: read, import", (call) => ({ result: notificationPolicy(call) })),
    alerts("PUT", POLICY, "NotificationPolicy: update", (call) => savePolicy(call, notificationPolicy(call))),
    alerts("DELETE", POLICY, "NotificationPolicy: delete", (call) => {
        const { id } = notificationPolicy(call);
        call.account.notificationPolicies.delete(id);
        call.account.changed("notificationPolicy", id);
        return { result: null };
    }),
];

const shown = (check: Healthcheck): object => without(check, "zone_id");

function healthcheck({ account, zone, params }: Call): Healthcheck {
    const check = account.healthchecks.get(params.healthcheck);
    if (check?.zone_id !== zone.id) throw notFound(81044, "Record does not exist.");
    return check as Healthcheck;
}

function saveCheck(call: Call, old?: Healthcheck) {
    const { account, zone } = call;
    const body = bodyOf(call, healthcheckBody, 1002);
    if (zone.plan === "free")
        throw new ApiError(403, { code: 1002, message: "Health checks need the Pro plan or higher" });
    const now = account.stamp();
    const check = {
        ...body,
        id: old?.id ?? hexId(),
        zone_id: zone.id,
        status: body.suspended ? "suspended" : (old?.status ?? "unknown"),
        failure_reason: "",
        created_on: old?.created_on ?? now,
        modified_on: now,
    } as unknown as Healthcheck;
    account.healthchecks.set(check.id, check);
    account.changed("healthcheck", check.id);
    return { result: shown(check) };
}

function notificationPolicy({ account, params }: Call): NotificationPolicy {
    const policy = account.notificationPolicies.get(params.policy);
    if (!policy) throw notFound(17201, "notification policy not found");
    return policy;
}

function savePolicy(call: Call, old?: NotificationPolicy) {
    const account: Account = call.account;
    const body = bodyOf(call, notificationBody, 17101);
    if (!ALERTS.includes(body.alert_type)) throw new Unsupported(`notification of type ${body.alert_type}`);
    const now = account.stamp();
    const stamps = { created: old?.created ?? now, modified: now };
    const policy = { ...body, id: old?.id ?? hexId(), ...stamps } as unknown as NotificationPolicy;
    account.notificationPolicies.set(policy.id, policy);
    account.changed("notificationPolicy", policy.id);
    return { result: { id: policy.id } };
}
