/**
 * Emulator of Azure DNS as far as a zone leaves it: public zones with the record types of its API, served by four names
 * (here by one port). Facts: exports of the Azure CLI (SOA, name servers, times to live), RFC 1034 for the rest.
 *
 * Unsupported: alias record sets that follow a resource (give the addresses they have), private zones, signatures (a signed
 * zone has its DNSKEY, the resolver emulator asks for no more), changes through Azure's API, and the time a change takes to
 * reach all servers.
 */
import { type ZoneRecord } from "../../components/cloudflare/dns-record";
import { wireData } from "../../dns/values";
import type { Says } from "./server";
import { lookUp, refuse, type ServedRecord, type ServedZone } from "./zone";

/** Azure's own times to live, in seconds. */
const SOA_TTL = 3600;
const NS_TTL = 172800;
const NEGATIVE_TTL = 300;

export interface AzureZone {
    name: string;
    /** `ns1-NN.azure-dns.com` and so on, as the registrar gets them. */
    nameServers: string[];
    /** May be changed while it is served. */
    records: ZoneRecord[];
    /** Time to live of the zone's own NS, in seconds; can be lowered before a move. */
    nsTtlSeconds: number;
    /** Public key of a signed zone, base64 (algorithm 13). */
    key?: string;
    says: Says;
}

/** @param number of the servers, as Azure chooses it */
export function azureZone(name: string, records: ZoneRecord[], number = 5): AzureZone {
    const nn = String(number).padStart(2, "0");
    const nameServers = ["com", "net", "org", "info"].map((end, i) => `ns${i + 1}-${nn}.azure-dns.${end}`);
    const zone: AzureZone = {
        ...{ name, nameServers, records, nsTtlSeconds: NS_TTL },
        says: (asked, type) => {
            const foreign = zone.records.find((record) => record.name === name && record.type === "NS");
            // Azure keeps the zone's own NS itself.
            return foreign ? refuse("SERVFAIL") : lookUp(served(zone), asked, type);
        },
    };
    return zone;
}

function served({ name, nameServers, records, nsTtlSeconds, key }: AzureZone): ServedZone {
    const own: ServedRecord[] = nameServers.map((data) => ({ name, type: "NS", ttl: nsTtlSeconds, data }));
    if (key !== undefined) {
        const data = { flags: 257, algorithm: 13, key: Buffer.from(key, "base64") };
        own.push({ name, type: "DNSKEY", ttl: SOA_TTL, data });
    }
    return {
        name,
        soa: {
            ...{ mname: nameServers[0], rname: "azuredns-hostmaster.microsoft.com", serial: 1 },
            ...{ minimum: NEGATIVE_TTL, ttlSeconds: SOA_TTL },
        },
        records: [...own, ...records.map((r) => ({ name: r.name, type: r.type, ttl: r.ttl, data: wireData(r) }))],
    };
}
