/**
 * Emulator of Cloudflare's authoritative servers: it answers with the current records of the zones in a Cloudflare account.
 * Facts from Cloudflare's documentation: proxied records have edge addresses and a TTL of 300 s. While a zone is pending or
 * paused, they have the origin's addresses. A CNAME at the apex is flattened. Pending zones are served at once, and moved zones
 * are still served.
 *
 * All server names have one port, and changes are visible at once. Unsupported: a CNAME at the apex to a name outside of the
 * zone (SERVFAIL), signatures (a signed zone has its DNSKEY, which is enough for the resolver emulator).
 */
import { type ZoneRecord } from "../../components/cloudflare/dns-record";
import { isWithin } from "../../dns/names";
import type { Account, DnsRecord, Zone } from "../cloudflare/account";
import { isSigned } from "../cloudflare/zones";
import type { Says } from "./server";
import { wireData } from "./wire-data";
import { lookUp, refuse, type ServedRecord, type ServedZone } from "./zone";

/** Stored TTL that means "automatic", and the TTL that automatic and proxied records have in answers. */
const AUTOMATIC = 1;
const AUTOMATIC_TTL = 300;
const NS_TTL = 86400;
const SOA_TTL = 1800;
const ADDRESSES = ["A", "AAAA", "CNAME"];
/** Addresses of the edge, from the ranges reserved for documentation. */
export const EDGE = { v4: ["198.51.100.1", "198.51.100.2"], v6: ["2001:db8:ed::1", "2001:db8:ed::2"] };

export function cloudflareSays(account: Account): Says {
    return (name, type) => {
        const zone = [...account.zones.values()].find((one) => isWithin(name, one.name));
        const served = zone && servedZone(account, zone);
        return served ? lookUp(served, name, type) : refuse(zone ? "SERVFAIL" : "REFUSED");
    };
}

/** The zone with its records. @returns undefined if a CNAME at the apex points to an unknown name */
function servedZone(account: Account, zone: Zone): ServedZone | undefined {
    const { name, name_servers: servers, dnssec } = zone;
    const stored = [...account.records(zone.id).values()];
    const atEdge = zone.status !== "pending" && !zone.paused;
    const proxied = new Set(stored.filter((r) => r.proxied && atEdge).map((r) => r.name));
    const plain = stored.filter((r) => !(proxied.has(r.name) && ADDRESSES.includes(r.type)));
    const flat = plain.find((r) => r.type === "CNAME" && r.name === name);
    const records: ServedRecord[] = [
        ...servers.map((data) => ({ name, type: "NS", ttl: NS_TTL, data })),
        ...[...proxied].flatMap((owner) => addressRecords(owner, AUTOMATIC_TTL, [...EDGE.v4, ...EDGE.v6])),
        ...plain.filter((r) => r !== flat).map(served),
    ];
    if (dnssec.key && isSigned(zone)) {
        const data = { flags: 257, algorithm: 13, key: Buffer.from(dnssec.key.public_key, "base64") };
        records.push({ name, type: "DNSKEY", ttl: 3600, data });
    }
    if (flat) {
        const at = records.filter((r) => r.name === flat.content && (r.type === "A" || r.type === "AAAA"));
        if (at.length === 0) return undefined;
        const addresses = at.map(({ data }) => String(data));
        records.push(...addressRecords(name, ttlOf(flat), addresses));
    }
    return { name, soa: { mname: servers[0], rname: "dns.cloudflare.com", minimum: SOA_TTL }, records };
}

function addressRecords(name: string, ttl: number, addresses: string[]): ServedRecord[] {
    return addresses.map((data) => ({ name, type: data.includes(":") ? "AAAA" : "A", ttl, data }));
}

const ttlOf = ({ ttl }: DnsRecord): number => (ttl === AUTOMATIC ? AUTOMATIC_TTL : ttl);

function served(record: DnsRecord): ServedRecord {
    const { name, type, content, data, priority } = record;
    const camel = (key: string) => key.replace(/_[a-z]/g, (text) => text[1].toUpperCase());
    const fields = data && Object.fromEntries(Object.entries(data).map(([key, value]) => [camel(key), value]));
    // Strings of a TXT record are quoted.
    const text = [...content.matchAll(/"((?:[^"\\]|\\[\s\S])*)"/g)].map(([, part]) =>
        part.replace(/\\([\s\S])/g, "$1"),
    );
    const isText = type === "TXT" && content.startsWith('"');
    const wire = wireData({ type, content, priority, data: fields } as unknown as ZoneRecord);
    return { name, type, ttl: ttlOf(record), data: isText ? text : wire };
}
