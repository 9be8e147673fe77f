/** Routes of a zone's settings, DNSSEC and edge certificates. */
import { z } from "zod";
import { PLANS, type Zone } from "../account";
import { ALGORITHM, followParent, makeKey } from "../dnssec";
import { SETTINGS, settingOf } from "../settings";
import { ApiError, Unsupported, refused } from "./answer";
import { bodyObject, bodyOf, checked, product, without, type Call, type Route } from "./call";
import { page, PAGING } from "./paging";

const settings = product("Zone Settings");
const dns = product("DNS");
const certificates = product("SSL and Certificates");

const settingBody = z.strictObject({ value: z.unknown(), enabled: z.boolean().optional() });
const dnssecBody = z.strictObject({
    status: z.enum(["active", "disabled"]).optional(),
    dnssec_multi_signer: z.boolean().optional(),
    dnssec_presigned: z.boolean().optional(),
    dnssec_use_nsec3: z.boolean().optional(),
});

export const zoneFeatureRoutes: Route[] = [
    settings("GET", "zones/{zone}/settings/{setting}", "ZoneSetting: read, import", (call) => {
        knownSetting(call.params.setting);
        return { result: setting(call.zone, call.params.setting) };
    }),
    settings("PATCH", "zones/{zone}/settings/{setting}", "ZoneSetting: create, update", changeSetting),
    dns("GET", "zones/{zone}/dnssec", "ZoneDnssec: read, import", ({ zone }) => ({ result: dnssec(zone) })),
    dns("PATCH", "zones/{zone}/dnssec", "ZoneDnssec: create, update, delete (request 1 of 2)", changeDnssec),
    dns("DELETE", "zones/{zone}/dnssec", "ZoneDnssec: delete (request 2 of 2)", ({ zone }) => {
        if (zone.dnssec.status === "active" || zone.dnssec.status === "pending")
            throw refused(1015, "DNSSEC must be disabled before its records are deleted");
        return { result: "deleted" };
    }),
    certificates(
        "GET",
        "zones/{zone}/ssl/certificate_packs",
        "check dns: state of the edge certificate",
        (call) => {
            const all = call.query.get("status") === "all";
            const packs = call.zone.certificate_packs.filter((pack) => all || pack.status === "active");
            return page(
                call,
                packs.map((pack) => ({
                    ...without(pack, "active_at", "created_on"),
                    validation_method: "txt",
                    validity_days: 90,
                    certificates: [],
                    primary_certificate: "0",
                })),
            );
        },
        ["status", ...PAGING],
    ),
];

function knownSetting(id: string): void {
    if (!Object.hasOwn(SETTINGS, id)) throw new Unsupported(`zone setting ${id}`);
}

function editable(zone: Zone, id: string): boolean {
    return PLANS.indexOf(zone.plan) >= PLANS.indexOf(SETTINGS[id].plan ?? "free");
}

function setting(zone: Zone, id: string): object {
    const set = zone.settings.get(id);
    return {
        id,
        value: settingOf(zone, id),
        editable: editable(zone, id),
        modified_on: set?.modified_on ?? null,
        ...(set?.enabled === undefined ? {} : { enabled: set.enabled }),
    };
}

function changeSetting({ account, zone, params: { setting: id }, body }: Call) {
    knownSetting(id);
    const { value, enabled } = checked(settingBody, bodyObject(body), 1007);
    if (!editable(zone, id)) throw new ApiError(403, { code: 1015, message: `Not allowed to edit setting for ${id}` });
    const accepted = SETTINGS[id].values.safeParse(value);
    if (!accepted.success)
        throw refused(1007, `Invalid value for zone setting ${id}: ${accepted.error.issues[0].message}`);
    zone.settings.set(id, {
        value: accepted.data,
        modified_on: account.stamp(),
        ...(enabled === undefined ? {} : { enabled }),
    });
    account.changed("zone", zone.id);
    return { result: setting(zone, id) };
}

function changeDnssec(call: Call) {
    const { account, zone } = call;
    const { status, ...flags } = bodyOf(call, dnssecBody, 1004);
    const wanted = Object.entries(flags).find(([, value]) => value);
    if (wanted) throw new Unsupported(`${wanted[0]}: true`);
    const on = zone.dnssec.status === "active" || zone.dnssec.status === "pending";
    if (status === "active" && !on) {
        zone.dnssec.key = makeKey(zone.name);
        Object.assign(zone.dnssec, { status: "pending", modified_on: account.stamp() });
    } else if (status === "disabled" && on) {
        Object.assign(zone.dnssec, { status: "pending-disabled", modified_on: account.stamp() });
    }
    followParent(account, zone);
    account.changed("zone", zone.id);
    return { result: dnssec(zone) };
}

function dnssec({ dnssec: { key, ...state } }: Zone): object {
    if (!key || state.status === "disabled") return state;
    return {
        ...state,
        algorithm: String(ALGORITHM),
        digest: key.digest,
        digest_algorithm: "SHA256",
        digest_type: "2",
        ds: key.ds,
        flags: 257,
        key_tag: key.key_tag,
        key_type: "ECDSAP256SHA256",
        public_key: key.public_key,
    };
}
