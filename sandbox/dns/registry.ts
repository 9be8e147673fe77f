/**
 * Emulator of a registry with its registrar: the server of a top-level domain, which returns delegations and DS records, and
 * the registrar's methods that set them. Facts: the usual TTLs of .com (NS 2 days, DS 1 day, negative answers 15 min).
 *
 * Unsupported: glue (the resolver emulator knows the addresses of the servers), the delay of a change, signing of the domain
 * itself, zones whose name servers were not set.
 */
import type { Says } from "./server";
import { lookUp, type ServedRecord } from "./zone";

const NS_TTL = 172800;
const DS_TTL = 86400;
const NEGATIVE_TTL = 900;

export class Registry {
    private readonly delegations = new Map<string, string[]>();
    private readonly signers = new Map<string, string[]>();

    constructor(readonly domain: string) {}

    delegation(zone: string): string[] {
        return this.delegations.get(zone) ?? [];
    }
    /** Replaces the name servers of a zone, as a registrar does. */
    delegate(zone: string, servers: string[]): void {
        this.delegations.set(zone, servers);
    }

    /** DS records of a zone, as values `keytag algorithm digesttype digest` or as whole lines of a zone file. */
    ds(zone: string): string[] {
        return this.signers.get(zone) ?? [];
    }
    setDs(zone: string, ds: string[]): void {
        this.signers.set(
            zone,
            ds.map((text) => text.replace(/^.*\sDS\s+/i, "").toLowerCase()),
        );
    }

    readonly says: Says = (name, type) => {
        const records = [...this.delegations.keys()].flatMap((zone): ServedRecord[] => [
            ...this.delegation(zone).map((data) => ({ name: zone, type: "NS", ttl: NS_TTL, data })),
            ...this.ds(zone).map((value) => ({ name: zone, type: "DS", ttl: DS_TTL, data: dsData(value) })),
        ]);
        const soa = { mname: `ns.${this.domain}`, rname: `hostmaster.${this.domain}`, minimum: NEGATIVE_TTL };
        return lookUp({ name: this.domain, soa, records }, name, type);
    };
}

function dsData(value: string) {
    const [keyTag, algorithm, digestType, digest] = value.split(" ");
    const numbers = { keyTag: Number(keyTag), algorithm: Number(algorithm), digestType: Number(digestType) };
    return { ...numbers, digest: Buffer.from(digest, "hex") };
}
