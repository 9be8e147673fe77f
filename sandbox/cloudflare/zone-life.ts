/**
 * Changes the states of zones. A zone is `pending` until the parent zone has exactly the zone's two name servers and no others.
 * It is `moved` when the parent no longer has them. It is deleted after 28 days of `pending` or 7 days of `moved`.
 */
import type { Account } from "./account";
import { followParent } from "./dnssec";
import { uuid } from "./ids";
import type { CertificatePack, DnsRecord, Zone } from "./objects";

const DAY = 24 * 3600;
/** Days after which a zone in this state is deleted, on plan Free only: the documentation names no other plan. */
const KEPT_DAYS = { pending: 28, moved: 7 };
/**
 * Time from the creation of a zone to its first check. How the intervals then grow is not documented; here they grow up to
 * LONGEST_CHECK_SECONDS.
 */
const FIRST_CHECK_SECONDS = 60;
const LONGEST_CHECK_SECONDS = 4 * 3600;
/** Cloudflare's certificate authorities. If the CAA records of a zone allow none of them, the zone gets no edge certificate. */
const AUTHORITIES = ["letsencrypt.org", "pki.goog", "ssl.com"];

export function checkDelegation(account: Account, zone: Zone): void {
    const norm = (names: string[]) => names.map((n) => n.toLowerCase().replace(/\.$/, "")).sort();
    const ours = norm(zone.vanity_name_servers.length > 0 ? zone.vanity_name_servers : zone.name_servers);
    const parent = norm(account.delegation(zone.name));
    const here = ours.join() === parent.join();
    const now = account.stamp();
    if (here && zone.status !== "active") {
        Object.assign(zone, { status: "active", status_since: now, activated_on: now, modified_on: now });
        if (zone.certificate_packs.length === 0) zone.certificate_packs.push(universal(account, zone));
        account.changed("zone", zone.id);
    } else if (!here && zone.status === "active" && !ours.some((name) => parent.includes(name))) {
        Object.assign(zone, { status: "moved", status_since: now, modified_on: now });
        account.changed("zone", zone.id);
    }
}

function universal(account: Account, zone: Zone): CertificatePack {
    return {
        id: uuid(),
        type: "universal",
        hosts: [zone.name, `*.${zone.name}`],
        status: "initializing",
        certificate_authority: "lets_encrypt",
        created_on: account.stamp(),
        active_at: account.stamp(account.certificateSeconds),
    };
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
            const status = due && mayIssue(zone, account.records(zone.id).values()) ? "active" : "pending_validation";
            if (status === pack.status) continue;
            pack.status = status;
            account.changed("zone", zone.id);
        }
    }
}

export const firstCheck = (account: Account): string => account.stamp(FIRST_CHECK_SECONDS);

/**
 * Whether the zone's CAA records allow the certificate. The certificate names the zone and `*.zone`. For the wildcard name,
 * records with the tag `issuewild` replace records with the tag `issue` (RFC 8659, 4.3).
 */
function mayIssue(zone: Zone, records: Iterable<DnsRecord>): boolean {
    const caa = [...records].filter((r) => r.type === "CAA" && r.name === zone.name);
    return ["issue", "issuewild"].every((tag) => {
        const set = caa.filter((r) => r.data?.tag === tag);
        return set.length === 0 || set.some((r) => AUTHORITIES.includes(String(r.data?.value).split(";")[0].trim()));
    });
}
