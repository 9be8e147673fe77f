/** Routes of zones: create, find, pause, delete, and the check that activates a zone. */
import { z } from "zod";
import { firstCheck } from "../zone-life";
import type { Account, Zone } from "../account";
import { hexId } from "../ids";
import { notFound, Unsupported, refused, ApiError } from "./answer";
import { bodyOf, forbidden, may, maySee, product, without, type Call, type Route } from "./call";
import { ordered, page, PAGING } from "./paging";

const zoneRoute = product("Zone");
const HOSTNAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/**
 * Prefixes that select another comparison in the filter `name` of the real API, for example `contains:example`.
 * Unsupported.
 */
const COMPARED = /^(equal|not_equal|starts_with|ends_with|contains)(_case_sensitive)?:/;
/** Shortest time between two requested activation checks, in seconds. */
const CHECK_EVERY_SECONDS = { free: 3600, pro: 300, business: 300, enterprise: 300 };
/** First labels of name servers. Each zone gets two of them. */
const WORDS = ["ada", "bob", "cora", "dean", "elsa", "finn", "gina", "hugh", "iris", "jim", "kara", "leo"];
const PLAN_NAMES = { free: "Free", pro: "Pro", business: "Business", enterprise: "Enterprise" };

const createBody = z.strictObject({
    name: z.string().transform((name) => name.toLowerCase()),
    account: z.strictObject({ id: z.string() }),
    type: z.string().default("full"),
    paused: z.boolean().default(false),
    vanity_name_servers: z.array(z.string()).default([]),
});
const changeBody = z.strictObject({
    paused: z.boolean().optional(),
    type: z.string().optional(),
    vanity_name_servers: z.array(z.string()).optional(),
});

export const zoneRoutes: Route[] = [
    zoneRoute("POST", "zones", "Zone: create", create),
    zoneRoute("GET", "zones", "getZone by filter, getZones", list, [
        ...["name", "status", "type", "account.id", "account.name", "match", "order", "direction"],
        ...PAGING,
    ]),
    zoneRoute("GET", "zones/{zone}", "Zone: read, import; getZone", (call) => ({ result: answer(call, call.zone) })),
    zoneRoute("PATCH", "zones/{zone}", "Zone: update", change),
    zoneRoute("DELETE", "zones/{zone}", "Zone: delete", ({ account, zone }) => {
        account.removeZone(zone);
        return { result: { id: zone.id } };
    }),
    zoneRoute("PUT", "zones/{zone}/activation_check", "waiting for the delegation", activationCheck),
];

function create(call: Call) {
    const { account, token } = call;
    const body = bodyOf(call, createBody, 1002);
    if (token.zones) throw forbidden(); // the real API needs a token for all zones of the account
    if (!account.answersTo(body.account.id))
        throw refused(1067, "Invalid account identifier passed in your organization variable");
    if (!HOSTNAME.test(body.name)) throw refused(1002, `Invalid domain: ${body.name}`);
    if (account.zoneNamed(body.name) || account.zonesElsewhere.has(body.name))
        throw refused(1061, `${body.name} already exists`);
    checkType(body.type);
    checkVanity(account.plan, body.vanity_name_servers);
    const now = account.stamp();
    const zone: Zone = {
        id: hexId(),
        name: body.name,
        type: body.type,
        paused: body.paused,
        status: "pending",
        name_servers: assignedServers(account, body.name),
        vanity_name_servers: body.vanity_name_servers,
        original_name_servers: account.delegation(body.name),
        created_on: now,
        modified_on: now,
        activated_on: null,
        plan: account.plan,
        settings: new Map(),
        dnssec: {
            status: "disabled",
            modified_on: null,
            dnssec_multi_signer: false,
            dnssec_presigned: false,
            dnssec_use_nsec3: false,
        },
        certificate_packs: [],
        status_since: now,
        next_check: firstCheck(account),
    };
    account.addZone(zone);
    return { result: answer(call, zone) };
}

/** Assigns two name servers. A zone that is added again gets another pair. */
function assignedServers(account: Account, name: string): string[] {
    const pair = account.formerZones.filter((former) => former === name).length % (WORDS.length / 2);
    return [WORDS[2 * pair], WORDS[2 * pair + 1]].map((word) => `${word}.ns.cloudflare.com`);
}

function checkType(type: string): void {
    if (!["full", "partial", "secondary", "internal"].includes(type)) throw refused(1002, `Invalid type: ${type}`);
    if (type !== "full") throw new Unsupported(`a zone of type ${type}`);
}
function checkVanity(plan: Zone["plan"], names: string[]): void {
    if (names.length > 0 && plan !== "business" && plan !== "enterprise")
        throw refused(1006, "vanity_name_servers: needs the Business or Enterprise plan");
}

function list(call: Call) {
    const { account, query, token } = call;
    if (!["all", null].includes(query.get("match"))) throw new Unsupported(`match=${query.get("match")}`);
    if (COMPARED.test(query.get("name") ?? "")) throw new Unsupported(`name=${query.get("name")}`);
    const accountId = query.get("account.id");
    const here =
        (accountId === null || account.answersTo(accountId)) &&
        (query.get("account.name") ?? account.name) === account.name;
    const found = [...account.zones.values()].filter(
        (zone) =>
            here &&
            maySee(token, zone) &&
            (query.get("name") ?? zone.name).toLowerCase() === zone.name &&
            (query.get("status") ?? zone.status) === zone.status &&
            (query.getAll("type").length === 0 || query.getAll("type").includes(zone.type)),
    );
    // Sorting by account has no effect, because there is only one account.
    const sorted = ordered(call, found, ["name", "status", "account.id", "account.name"]);
    return page(
        call,
        sorted.map((zone) => answer(call, zone)),
    );
}

function change(call: Call) {
    const { account, zone } = call;
    const body = bodyOf(call, changeBody, 1002);
    if (body.type !== undefined) checkType(body.type);
    checkVanity(zone.plan, body.vanity_name_servers ?? []);
    Object.assign(zone, body, { modified_on: account.stamp() });
    account.changed("zone", zone.id);
    return { result: answer(call, zone) };
}

function activationCheck({ account, zone }: Call) {
    const since = (account.now().getTime() - Date.parse(zone.checked_on ?? "1970-01-01")) / 1000;
    const wait = CHECK_EVERY_SECONDS[zone.plan] - since;
    if (zone.status !== "active" && wait > 0) {
        const message = `The activation check can be requested again in ${Math.ceil(wait)} seconds`;
        throw new ApiError(429, { code: 1224, message }, { "Retry-After": String(Math.ceil(wait)) });
    }
    zone.checked_on = account.stamp();
    account.delegated(zone);
    return { result: { id: zone.id } };
}

export function zoneOf(call: Call, id: string): Zone {
    const zone = call.account.zones.get(id);
    if (!zone) throw notFound(1001, "Invalid zone identifier");
    if (!maySee(call.token, zone)) throw forbidden();
    return zone;
}

const INTERNAL = ["plan", "settings", "dnssec", "certificate_packs", "status_since", "next_check", "checked_on"];

function answer({ account, token }: Call, zone: Zone): object {
    return {
        ...without(zone, ...INTERNAL),
        account: { id: account.id, name: account.name },
        cname_suffix: null,
        development_mode: 0,
        meta: {
            cdn_only: false,
            custom_certificate_quota: 0,
            dns_only: false,
            foundation_dns: false,
            page_rule_quota: 3,
            phishing_detected: false,
            step: zone.status === "active" ? 4 : 2,
        },
        original_dnshost: null,
        original_registrar: null,
        owner: { id: null, name: null, type: "user" },
        permissions: may(token, ["Zone Write"]) ? ["#zone:read", "#zone:edit"] : ["#zone:read"],
        plan: {
            can_subscribe: false,
            currency: "USD",
            externally_managed: false,
            frequency: "",
            id: "0".repeat(31) + String(Object.keys(PLAN_NAMES).indexOf(zone.plan) + 1),
            is_subscribed: zone.plan !== "free",
            legacy_discount: false,
            legacy_id: zone.plan,
            name: `${PLAN_NAMES[zone.plan]} Website`,
            price: 0,
        },
        tenant: { id: null, name: null },
        tenant_unit: { id: null },
        verification_key: null,
    };
}
