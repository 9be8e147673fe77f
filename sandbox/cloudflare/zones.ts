/**
 * States of zones. A zone is `pending` until the parent zone has exactly the zone's two name servers and no others. It is
 * `moved` when the parent no longer has them. Not emulated: the deletion of zones that wait too long, and CAA records that
 * prevent an edge certificate.
 */
import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import type { Account } from "./account";
import { hexId } from "./ids";
import type { DnssecKey, Zone } from "./objects";

/** Seconds from the creation of a zone to its first check. How the intervals then grow is not documented; here up to 4 h. */
const FIRST_CHECK_SECONDS = 60;
const LONGEST_CHECK_SECONDS = 4 * 3600;

export function newZone(account: Account, name: string): Zone {
    const now = account.stamp();
    return {
        ...{ id: hexId(), name, type: "full", paused: false, status: "pending", plan: account.plan, settings: {} },
        name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        ...{ created_on: now, modified_on: now, activated_on: null },
        dnssec: { status: "disabled", modified_on: null },
        certificate_packs: [],
        next_check: account.stamp(FIRST_CHECK_SECONDS),
    };
}

export function checkDelegation(account: Account, zone: Zone): void {
    const parent = account.delegation(zone.name).map((name) => name.toLowerCase().replace(/\.$/, ""));
    const here = [...zone.name_servers].sort().join() === parent.sort().join();
    const now = account.stamp();
    if (here && zone.status !== "active") {
        Object.assign(zone, { status: "active", activated_on: now, modified_on: now });
        if (zone.certificate_packs.length === 0)
            zone.certificate_packs.push({
                ...{ id: randomUUID(), type: "universal", hosts: [zone.name, `*.${zone.name}`] },
                ...{ status: "initializing", active_at: account.stamp(account.certificateSeconds) },
            });
        account.changed("zone", zone.id);
    } else if (zone.status === "active" && !zone.name_servers.some((name) => parent.includes(name))) {
        Object.assign(zone, { status: "moved", modified_on: now });
        account.changed("zone", zone.id);
    }
}

/** Applies the due changes of all zones: those whose time the account's clock has reached. */
export function followClock(account: Account, zones: Map<string, Zone>): void {
    const now = account.now().getTime();
    for (const zone of [...zones.values()]) {
        if (now >= Date.parse(zone.next_check)) {
            const age = (now - Date.parse(zone.created_on)) / 1000;
            zone.next_check = account.stamp(Math.min(Math.max(age, FIRST_CHECK_SECONDS), LONGEST_CHECK_SECONDS));
            checkDelegation(account, zone);
        }
        followParent(account, zone);
        for (const pack of zone.certificate_packs)
            if (zone.status === "active" && now >= Date.parse(pack.active_at)) pack.status = "active";
    }
}

/** Whether signing is turned on, even if the parent zone does not have the DS record yet. */
export const isSigned = ({ dnssec }: Zone): boolean => dnssec.status === "active" || dnssec.status === "pending";

/** Updates the DNSSEC status from the DS records in the parent zone. */
export function followParent(account: Account, zone: Zone): void {
    const { dnssec } = zone;
    if (dnssec.status === "disabled" || !dnssec.key) return;
    const { digest } = dnssec.key;
    const there = account.dsAtParent(zone.name).some((ds) => ds.toUpperCase().replace(/\s/g, "").endsWith(digest));
    dnssec.status = isSigned(zone) ? (there ? "active" : "pending") : there ? "pending-disabled" : "disabled";
}

/** Creates the key of a signed zone (RFC 4034, algorithm 13). */
export function makeKey(zoneName: string): DnssecKey {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x, y } = publicKey.export({ format: "jwk" });
    const public_key = Buffer.concat([x, y].map((part) => Buffer.from(part!, "base64url"))).toString("base64");
    const [key_tag, , , found] = dsOf(zoneName, `257 3 13 ${public_key}`).split(" ");
    const digest = found.toUpperCase();
    return { public_key, key_tag: Number(key_tag), digest, ds: `${zoneName}. 3600 IN DS ${key_tag} 13 2 ${digest}` };
}

/** Computes the DS value of a key (RFC 4034, 5.1.4 and appendix B). @param key `flags protocol algorithm base64` */
export function dsOf(zone: string, key: string): string {
    const [flags, protocol, algorithm, base64] = key.split(" ");
    const head = Buffer.from([Number(flags) >> 8, Number(flags) & 255, Number(protocol), Number(algorithm)]);
    const rdata = Buffer.concat([head, Buffer.from(base64, "base64")]);
    const owner = zone.split(".").map((label) => String.fromCharCode(label.length) + label);
    const digest = createHash("sha256")
        .update(`${owner.join("")}\0`)
        .update(rdata)
        .digest("hex");
    const sum = rdata.reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0);
    return `${(sum + (sum >> 16)) & 0xffff} ${algorithm} 2 ${digest}`;
}
