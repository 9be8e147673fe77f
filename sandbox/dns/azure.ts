/**
 * Emulator of Azure DNS for zones that move away: public zones with the record types of Azure's API. The four server names of a
 * zone share one port. Facts: exports of the Azure CLI (SOA, name servers, TTLs); RFC 1034 for everything else.
 *
 * Unsupported: alias record sets for a resource (use their addresses), private zones, signatures (a signed zone has its DNSKEY,
 * which is enough for the resolver emulator), changes through Azure's API, and the delay until a change is served.
 */
import { type ZoneRecord } from "../../components/cloudflare/dns-record";
import { wireData } from "./wire-data";
import type { Says } from "./server";
import { lookUp, refuse, type ServedRecord, type ServedZone } from "./zone";

/** TTLs that Azure sets, in seconds. */
const KEY_TTL = 3600;
const NS_TTL = 172800;
const NEGATIVE_TTL = 300;

export interface AzureZone {
    name: string;
    /** Names of the zone's four servers (`ns1-NN.azure-dns.com`, …), which the registrar must set. */
    nameServers: string[];
    /** Records of the zone. Tests can change the list while the zone is served. */
    records: ZoneRecord[];
    /** Public key of a signed zone, base64 (algorithm 13). */
    key?: string;
    says: Says;
}

export function azureZone(name: string, records: ZoneRecord[]): AzureZone {
    const zone: AzureZone = {
        nameServers: ["com", "net", "org", "info"].map((end, i) => `ns${i + 1}-05.azure-dns.${end}`),
        ...{ name, records },
        says: (asked, type) => {
            const foreign = zone.records.find((record) => record.name === name && record.type === "NS");
            // NS records at the apex are not taken from the list, because Azure manages them.
            return foreign ? refuse("SERVFAIL") : lookUp(served(zone), asked, type);
        },
    };
    return zone;
}

function served({ name, nameServers, records, key }: AzureZone): ServedZone {
    const own: ServedRecord[] = nameServers.map((data) => ({ name, type: "NS", ttl: NS_TTL, data }));
    if (key !== undefined) {
        const data = { flags: 257, algorithm: 13, key: Buffer.from(key, "base64") };
        own.push({ name, type: "DNSKEY", ttl: KEY_TTL, data });
    }
    return {
        name,
        soa: { mname: nameServers[0], rname: "azuredns-hostmaster.microsoft.com", minimum: NEGATIVE_TTL },
        records: [...own, ...records.map((r) => ({ name: r.name, type: r.type, ttl: r.ttl, data: wireData(r) }))],
    };
}
