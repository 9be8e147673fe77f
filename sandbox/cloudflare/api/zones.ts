/** Zones: create, find, pause, delete, the check that activates a zone, settings, DNSSEC and edge certificates. */
import { z } from "zod";
import type { Zone } from "../account";
import { SETTINGS, settingOf } from "../settings";
import { followParent, isSigned, makeKey, newZone } from "../zones";
import { ApiError, bodyOf, page, product, Unsupported, without, type Call, type Route } from "./call";

const zones = product("Zone");
const settings = product("Zone Settings");
const dns = product("DNS");
const certificates = product("SSL and Certificates");

const none = z.array(z.string()).max(0).optional();
const common = { type: z.literal("full").optional(), vanity_name_servers: none };
const zoneBody = z.strictObject({
    name: z.string().regex(/^([a-z0-9-]+\.)+[a-z0-9-]+$/),
    account: z.strictObject({ id: z.string() }),
    ...{ paused: z.literal(false).optional(), ...common },
});
const changeBody = z.strictObject({ paused: z.boolean().optional(), ...common });
/** Flags that Cloudflare sets, and the real provider sends, with these values only. */
const FLAGS = { dnssec_multi_signer: false, dnssec_presigned: false, dnssec_use_nsec3: false };
const never = z.literal(false).optional();
const dnssecBody = z.strictObject({
    status: z.enum(["active", "disabled"]),
    ...{ dnssec_multi_signer: never, dnssec_presigned: never, dnssec_use_nsec3: never },
});

const INTERNAL = ["plan", "settings", "dnssec", "certificate_packs", "next_check"];
const answer = ({ account }: Call, zone: Zone): object => ({
    ...without(zone, ...INTERNAL),
    ...{ account: { id: account.id, name: "Sandbox" }, plan: { legacy_id: zone.plan }, vanity_name_servers: [] },
});

function create(call: Call) {
    const { account } = call;
    const body = bodyOf(zoneBody, call.body);
    if (!account.answersTo(body.account.id)) throw new ApiError(400, 1067, "Invalid account identifier");
    if (account.zoneNamed(body.name) || account.zonesElsewhere.has(body.name))
        throw new ApiError(400, 1061, `${body.name} already exists`);
    const zone = newZone(account, body.name);
    account.addZone(zone);
    return { result: answer(call, zone) };
}

function list(call: Call) {
    const { account, query } = call;
    const [id, name] = [query.get("account.id"), query.get("name")];
    const here = id === null || account.answersTo(id) ? [...account.zones.values()] : [];
    const found = here.filter((zone) => (name ?? zone.name).toLowerCase() === zone.name);
    return page(
        call,
        found.map((zone) => answer(call, zone)),
    );
}

const VALUES: Record<string, z.ZodType<string | number>> = {
    browser_check: z.enum(["on", "off"]),
    proxy_read_timeout: z.number().int().min(1).max(6000),
};

function setting({ zone, params: { id } }: Call) {
    if (!Object.hasOwn(SETTINGS, id)) throw new Unsupported(`zone setting ${id}`);
    return { result: { id, value: settingOf(zone, id), editable: true, modified_on: null } };
}

function changeSetting(call: Call) {
    const { zone } = call;
    const { id } = setting(call).result;
    if (id === "proxy_read_timeout" && zone.plan !== "enterprise")
        throw new ApiError(403, 1015, `Not allowed to edit setting for ${id}`);
    zone.settings[id] = bodyOf(z.strictObject({ value: VALUES[id] }), call.body).value;
    return setting(call);
}

function changeDnssec({ account, zone, body }: Call) {
    const { status } = bodyOf(dnssecBody, body);
    if (status === "active" && !isSigned(zone))
        zone.dnssec = { status: "pending", modified_on: account.stamp(), key: makeKey(zone.name) };
    if (status === "disabled" && isSigned(zone))
        Object.assign(zone.dnssec, { status: "pending-disabled", modified_on: account.stamp() });
    followParent(account, zone);
    return { result: dnssec(zone) };
}

const ALGORITHM = { algorithm: "13", digest_algorithm: "SHA256", digest_type: "2", flags: 257 };

function dnssec({ dnssec: { key, ...state } }: Zone): object {
    if (!key || state.status === "disabled") return { ...state, ...FLAGS };
    return { ...state, ...FLAGS, ...key, ...ALGORITHM, key_type: "ECDSAP256SHA256" };
}

function packs(call: Call) {
    const all = call.query.get("status") === "all";
    const packs = call.zone.certificate_packs.filter(({ status }) => all || status === "active");
    return page(
        call,
        packs.map((pack) => without(pack, "active_at")),
    );
}

export const zoneRoutes: Route[] = [
    zones("POST", "zones", create),
    zones("GET", "zones", list, ["name", "account.id"]),
    zones("GET", "zones/{zone}", (call) => ({ result: answer(call, call.zone) })),
    zones("PATCH", "zones/{zone}", (call) => {
        const { paused = call.zone.paused } = bodyOf(changeBody, call.body);
        Object.assign(call.zone, { paused, modified_on: call.account.stamp() });
        return { result: answer(call, call.zone) };
    }),
    zones("DELETE", "zones/{zone}", ({ account, zone }) => {
        account.removeZone(zone);
        return { result: { id: zone.id } };
    }),
    zones("PUT", "zones/{zone}/activation_check", ({ account, zone }) => {
        account.delegated(zone);
        return { result: { id: zone.id } };
    }),
    settings("GET", "zones/{zone}/settings/{id}", setting),
    settings("PATCH", "zones/{zone}/settings/{id}", changeSetting),
    dns("GET", "zones/{zone}/dnssec", ({ zone }) => ({ result: dnssec(zone) })),
    dns("PATCH", "zones/{zone}/dnssec", changeDnssec),
    dns("DELETE", "zones/{zone}/dnssec", ({ zone }) => {
        if (isSigned(zone)) throw new ApiError(400, 1015, "DNSSEC must be disabled before its records are deleted");
        return { result: "deleted" };
    }),
    certificates("GET", "zones/{zone}/ssl/certificate_packs", packs, ["status"]),
];
