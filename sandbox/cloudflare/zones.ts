/**
 * States of zones. A zone is `pending` until the parent zone has exactly the zone's two name servers and no others. It is
 * `moved` when the parent no longer has them. On plan Free, it is deleted after 28 days of `pending` or 7 days of `moved`.
 */
import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import type { Account } from "./account";
import { hexId } from "./ids";
import type { DnsRecord, DnssecKey, Zone } from "./objects";

const DAY = 24 * 3600;
const KEPT_DAYS = { pending: 28, moved: 7 };
/**
 * Time from the creation of a zone to its first check. How the intervals then grow is not documented; here they grow up to
 * LONGEST_CHECK_SECONDS.
 */
const FIRST_CHECK_SECONDS = 60;
const LONGEST_CHECK_SECONDS = 4 * 3600;
/** Cloudflare's certificate authorities. If the CAA records of a zone allow none of them, the zone gets no edge certificate. */
const AUTHORITIES = ["letsencrypt.org", "pki.goog", "ssl.com"];

export function newZone(account: Account, name: string): Zone {
    const now = account.stamp();
    return {
        ...{ id: hexId(), name, type: "full", paused: false, status: "pending", plan: account.plan, settings: {} },
        name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        ...{ created_on: now, modified_on: now, activated_on: null, status_since: now },
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
        Object.assign(zone, { status: "active", status_since: now, activated_on: now, modified_on: now });
        if (zone.certificate_packs.length === 0)
            zone.certificate_packs.push({
                ...{ id: randomUUID(), type: "universal", hosts: [zone.name, `*.${zone.name}`] },
                ...{ status: "initializing", active_at: account.stamp(account.certificateSeconds) },
            });
        account.changed("zone", zone.id);
    } else if (zone.status === "active" && !zone.name_servers.some((name) => parent.includes(name))) {
        Object.assign(zone, { status: "moved", status_since: now, modified_on: now });
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
        const inState = (now - Date.parse(zone.status_since)) / 1000;
        if (zone.plan === "free" && zone.status !== "active" && inState >= KEPT_DAYS[zone.status] * DAY) {
            account.removeZone(zone);
            continue;
        }
        followParent(account, zone);
        for (const pack of zone.certificate_packs) {
            if (pack.status === "active") continue;
            const due = now >= Date.parse(pack.active_at) && zone.status === "active";
            pack.status =
                due && mayIssue(zone, [...account.records(zone.id).values()]) ? "active" : "pending_validation";
        }
    }
}

/** Whether the CAA records allow the certificate, which names the zone and `*.zone` (RFC 8659, 4.3). */
function mayIssue(zone: Zone, records: DnsRecord[]): boolean {
    return ["issue", "issuewild"].every((tag) => {
        const set = records.filter((r) => r.type === "CAA" && r.name === zone.name && r.data?.tag === tag);
        return set.length === 0 || set.some((r) => AUTHORITIES.includes(String(r.data?.value).split(";")[0].trim()));
    });
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
    const jwk = publicKey.export({ format: "jwk" });
    const public_key = Buffer.concat([jwk.x, jwk.y].map((part) => Buffer.from(part as string, "base64url"))).toString(
        "base64",
    );
    const [key_tag, , , digest] = dsOf(zoneName, `257 3 13 ${public_key}`).split(" ");
    const ds = `${zoneName}. 3600 IN DS ${key_tag} 13 2 ${digest.toUpperCase()}`;
    return { public_key, key_tag: Number(key_tag), digest: digest.toUpperCase(), ds };
}

/** Computes the DS value of a key (RFC 4034, 5.1.4 and appendix B). @param key `flags protocol algorithm base64` */
export function dsOf(zone: string, key: string): string {
    const [flags, protocol, algorithm, base64] = key.split(" ");
    const head = Buffer.from([Number(flags) >> 8, Number(flags) & 255, Number(protocol), Number(algorithm)]);
    const rdata = Buffer.concat([head, Buffer.from(base64, "base64")]);
    const owner = zone.split(".").flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
    const digest = createHash("sha256")
        .update(Buffer.concat([...owner, Buffer.from([0]), rdata]))
        .digest("hex");
    const sum = rdata.reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0);
    return `${(sum + (sum >> 16)) & 0xffff} ${algorithm} 2 ${digest}`;
}
