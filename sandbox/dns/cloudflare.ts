/**
 * Emulator of Cloudflare's authoritative servers: it answers with the current records of the zones in a Cloudflare account.
 * Facts from Cloudflare's documentation: proxied records have edge addresses and a TTL of 300 s. While a zone is
 * pending or paused, they have the origin's addresses. A CNAME at the apex is flattened. Pending zones are served at
 * once, and moved zones are still served.
 *
 * All server names have one port, and changes are visible at once. Rejected: types without support in the packet library
 * (NOTIMP), a CNAME at the apex to a name with unknown addresses (SERVFAIL), zones of other types than full (REFUSED).
 * Unsupported: signatures (a signed zone has its DNSKEY, which is enough for the resolver emulator), HTTPS records of
 * proxied names, load balancing, `settings` of a record.
 */
import { wireData } from "./wire-data";
import { type ZoneRecord } from "../../components/cloudflare/dns-record";
import { isWithin } from "../../dns/names";
import type { Account, DnsRecord, Zone } from "../cloudflare/account";
import type { Says } from "./server";
import { lookUp, refuse, type ServedRecord, type ServedZone } from "./zone";

export interface CloudflareDnsOptions {
    /** Addresses of the edge. @default addresses from the ranges reserved for documentation */
    edge?: { v4: string[]; v6: string[] };
    /** Addresses of names outside of the zone, for a CNAME at the apex. @default none */
    addressesOf?: (name: string) => string[];
}

/** Stored TTL that means "automatic", and the TTL that automatic and proxied records have in answers. */
const AUTOMATIC = 1;
const AUTOMATIC_TTL = 300;
const NS_TTL = 86400;
const SOA_TTL = 1800;
const ADDRESSES = ["A", "AAAA", "CNAME"];
export const EDGE = { v4: ["198.51.100.1", "198.51.100.2"], v6: ["2001:db8:ed::1", "2001:db8:ed::2"] };

export function cloudflareSays(account: Account, options: CloudflareDnsOptions = {}): Says {
    return (name, type) => {
        const zone = [...account.zones.values()].find((one) => isWithin(name, one.name));
        if (!zone || zone.type !== "full") return refuse("REFUSED");
        const served = servedZone(account, zone, options);
        return served ? lookUp(served, name, type) : refuse("SERVFAIL");
    };
}

/** The zone with its records. @returns undefined if a CNAME at the apex points to an unknown name */
function servedZone(account: Account, zone: Zone, options: CloudflareDnsOptions): ServedZone | undefined {
    const { name, name_servers: servers, dnssec } = zone;
    const stored = [...account.records(zone.id).values()];
    const own: ServedRecord[] = servers.map((data) => ({ name, type: "NS", ttl: NS_TTL, data }));
    if (dnssec.key && (dnssec.status === "active" || dnssec.status === "pending"))
        own.push({ name, type: "DNSKEY", ttl: 3600, data: keyData(dnssec.key.public_key) });
    const atEdge = zone.status !== "pending" && !zone.paused;
    const proxied = new Set(stored.filter((r) => r.proxied && atEdge).map((r) => r.name));
    const plain = stored.filter((r) => !(proxied.has(r.name) && ADDRESSES.includes(r.type)));
    const edge = [...proxied].flatMap((owner) => addressRecords(owner, AUTOMATIC_TTL, edgeAddresses(options)));
    const flat = plain.find((r) => r.type === "CNAME" && r.name === name);
    const records = [...own, ...edge, ...plain.filter((r) => r !== flat).map(served)];
    if (flat) {
        const found = flattened(records, flat.content, options);
        if (found.length === 0) return undefined;
        records.push(...addressRecords(name, ttlOf(flat), found));
    }
    const soa = { mname: servers[0], rname: "dns.cloudflare.com", serial: 1, minimum: SOA_TTL, ttlSeconds: SOA_TTL };
    return { name, soa, records };
}

function edgeAddresses({ edge = EDGE }: CloudflareDnsOptions): string[] {
    return [...edge.v4, ...edge.v6];
}

function addressRecords(name: string, ttl: number, addresses: string[]): ServedRecord[] {
    return addresses.map((data) => ({ name, type: data.includes(":") ? "AAAA" : "A", ttl, data }));
}

/** Addresses at the end of a chain of CNAMEs. Empty if the chain ends at an unknown name or is too long. */
function flattened(records: ServedRecord[], target: string, options: CloudflareDnsOptions): string[] {
    for (let here = target, hops = 0; hops < 8; hops++) {
        const at = records.filter((r) => r.name === here);
        const alias = at.find((r) => r.type === "CNAME");
        if (!alias) {
            const own = at.filter((r) => r.type === "A" || r.type === "AAAA").map((r) => String(r.data));
            return own.length > 0 ? own : (options.addressesOf?.(here) ?? []);
        }
        here = String(alias.data);
    }
    return [];
}

function ttlOf({ ttl }: DnsRecord): number {
    return ttl === AUTOMATIC ? AUTOMATIC_TTL : ttl;
}

function served(record: DnsRecord): ServedRecord {
    return { name: record.name, type: record.type, ttl: ttlOf(record), data: dataOf(record) };
}

/** Returns undefined for an unsupported type. */
function dataOf({ type, content, data, priority }: DnsRecord): unknown {
    const field = (key: string) => Number(data?.[key]);
    const common = { name: "", ttl: 0, proxied: false };
    const wire = (record: object) => wireData({ ...common, ...record } as ZoneRecord);
    switch (type) {
        case "A":
        case "AAAA":
        case "CNAME":
        case "NS":
        case "PTR":
            return content;
        case "MX":
            return wire({ type, content, priority });
        case "TXT":
            return textStrings(content);
        case "CAA":
        case "SRV":
            return { ...data };
        case "DS": {
            const numbers = {
                keyTag: field("key_tag"),
                algorithm: field("algorithm"),
                digestType: field("digest_type"),
            };
            return wire({ type, data: { ...numbers, digest: String(data?.digest) } });
        }
        case "TLSA": {
            const numbers = {
                usage: field("usage"),
                selector: field("selector"),
                matchingType: field("matching_type"),
            };
            return wire({ type, data: { ...numbers, certificate: String(data?.certificate) } });
        }
        default:
            return undefined;
    }
}

/** Strings of a TXT record. Quoted strings stay as they are; text without quotes is split after every 255 bytes. */
export function textStrings(content: string): string[] {
    if (!content.startsWith('"')) return content.match(/[\s\S]{1,255}/g) ?? [""];
    const strings = [...content.matchAll(/"((?:[^"\\]|\\[\s\S])*)"/g)];
    return strings.flatMap(([, text]) => text.replace(/\\([\s\S])/g, "$1").match(/[\s\S]{1,255}/g) ?? [""]);
}

/** Data of a DNSKEY record, for a key that signs both keys and records. */
function keyData(publicKey: string) {
    return { flags: 257, algorithm: 13, key: Buffer.from(publicKey, "base64") };
}
