/** Result of importing an export: records, records that need a decision of the operator, and notes. */
import { type ZoneRecord } from "../components/cloudflare/dns-record";

/** A record whose value the operator must supply, because the export has no usable one. The config check rejects it. */
export interface Undecided {
    name: string;
    type: string;
    ttl: number;
    undecided: string;
}

export interface Imported {
    zone: string;
    items: (ZoneRecord | Undecided)[];
    /** Omitted and changed entries, each with the reason. */
    notes: string[];
    /** Invalid lines. Nothing is imported if there are any. */
    problems: string[];
}

/** Cloudflare's limits for records that are not proxied, in seconds. */
const SHORTEST = 60;
const LONGEST = 86400;
/** Azure's default TTL, in seconds. */
const DEFAULT_TTL = 3600;

/** The nearest TTL that Cloudflare accepts, with a note if it differs. */
export function possibleTtl(ttl: number | undefined, where: string, notes: string[]): number {
    if (ttl === undefined) return DEFAULT_TTL;
    const possible = Math.min(LONGEST, Math.max(SHORTEST, ttl));
    if (possible !== ttl) notes.push(`${where}: ttl ${ttl} becomes ${possible}, the nearest that Cloudflare supports.`);
    return possible;
}

/** Kinds of Azure resources behind alias records, with advice for a replacement. */
const ALIASES: [kind: RegExp, advice: (id: string) => string][] = [
    [
        /\/publicIPAddresses\//i,
        (id) => `its address, if the address is static: az network public-ip show --ids ${id} --query ipAddress`,
    ],
    [
        /\/trafficManagerProfiles\//i,
        (id) => `a CNAME to the profile: az network traffic-manager profile show --ids ${id} --query dnsConfig.fqdn`,
    ],
    [/\/(frontdoors|profiles)\//i, () => "a CNAME to the host name of the Front Door or CDN endpoint"],
    [/\/dnszones\//i, () => "the value of the record that the alias points to"],
];

export function aliasAdvice(id: string): string {
    const advice = ALIASES.find(([kind]) => kind.test(id))?.[1](id) ?? "the value that the name resolves to now";
    return `alias of ${id}: use ${advice}`;
}
