/**
 * Resolves a hostname. Facts: the edge serves only proxied records of active zones that are not paused; the CNAME of a tunnel
 * is `<id>.cfargotunnel.com`; an active certificate covers the apex and one level below it.
 *
 * Unsupported: a record that does not point to a tunnel.
 */
import { isIP } from "node:net";
import type { Account } from "../account";
import type { DnsRecord, Tunnel, Zone } from "../objects";

export type Way =
    | { kind: "tunnel"; zone: Zone; tunnel: Tunnel | undefined }
    /** DNS does not resolve the name to the edge, so the caller must have connected to the edge by its address. */
    | { kind: "elsewhere" }
    | { kind: "address" }
    /** The edge has no certificate for the name, so the TLS handshake fails before a request. */
    | { kind: "no-certificate" }
    | { kind: "origin-unknown"; zone: Zone }
    | { kind: "unsupported"; zone: Zone; what: string };

const TUNNEL = /^([0-9a-f-]{36})\.cfargotunnel\.com$/;
const MAX_CNAMES = 8;

export function wayOf(account: Account, hostname: string): Way {
    if (isIP(hostname.replace(/^\[|\]$/g, ""))) return { kind: "address" };
    const zone = zoneOf(account, hostname);
    if (!zone || zone.status !== "active" || zone.paused) return { kind: "elsewhere" };
    let record = lookUp(account, zone, hostname);
    if (!record?.proxied) return { kind: "elsewhere" };
    if (!hasCertificate(zone, hostname)) return { kind: "no-certificate" };

    for (let step = 0; step < MAX_CNAMES; step++) {
        if (record.type !== "CNAME") return { kind: "unsupported", zone, what: `a proxied ${record.type} record` };
        const id = TUNNEL.exec(record.content)?.[1];
        if (id) {
            const tunnel = account.tunnels.get(id);
            return { kind: "tunnel", zone, tunnel: tunnel?.deleted_at ? undefined : tunnel };
        }
        const next = zoneOf(account, record.content);
        const target: DnsRecord | undefined = next && lookUp(account, next, record.content);
        if (!target) return { kind: "origin-unknown", zone };
        record = target;
    }
    return { kind: "origin-unknown", zone };
}

/** Finds the zone with the longest name that the hostname ends with. */
function zoneOf(account: Account, hostname: string): Zone | undefined {
    const zones = [...account.zones.values()].filter((z) => hostname === z.name || hostname.endsWith(`.${z.name}`));
    return zones.sort((a, b) => b.name.length - a.name.length)[0];
}

/** Returns a record of the exact name, or else of the wildcard. Proxied records come first. */
function lookUp(account: Account, zone: Zone, hostname: string): DnsRecord | undefined {
    const records = [...account.records(zone.id).values()].filter((r) => ["A", "AAAA", "CNAME"].includes(r.type));
    // As at Cloudflare, one proxied record makes all address records of its name proxied.
    const named = (name: string) => {
        const there = records.filter((r) => r.name === name);
        return there.find((r) => r.proxied) ?? there[0];
    };
    const exact = named(hostname);
    if (exact) return exact;
    for (let rest = hostname; rest.includes(".") && rest.length > zone.name.length;) {
        rest = rest.slice(rest.indexOf(".") + 1);
        const wildcard = named(`*.${rest}`);
        if (wildcard) return wildcard;
        if (named(rest)) return undefined;
    }
    return undefined;
}

function hasCertificate(zone: Zone, hostname: string): boolean {
    const covers = (pattern: string) =>
        pattern === hostname || (pattern.startsWith("*.") && hostname.replace(/^[^.]+/, "*") === pattern);
    return zone.certificate_packs.some((pack) => pack.status === "active" && pack.hosts.some(covers));
}
