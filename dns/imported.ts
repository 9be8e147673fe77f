/** Result of importing an export: records, open decisions, and notes on omitted or changed entries. */
import { type ZoneRecord } from "../components/cloudflare/dns-record";

/** Place of a record whose value the export does not have. The data is refused while one is in it. */
export interface Undecided {
    name: string;
    type: string;
    ttl: number;
    undecided: string;
}

export interface Imported {
    zone: string;
    items: (ZoneRecord | Undecided)[];
    /** What was left out or changed, and why. */
    notes: string[];
    /** Lines that cannot be read: nothing is imported while there are any. */
    problems: string[];
}

/** Cloudflare's limits for records that are not proxied, in seconds. */
const SHORTEST = 60;
const LONGEST = 86400;
/** Azure's own default. */
const DEFAULT_TTL = 3600;

/** The nearest TTL that Cloudflare accepts, with a note if it differs. */
export function possibleTtl(ttl: number | undefined, where: string, notes: string[]): number {
    if (ttl === undefined) return DEFAULT_TTL;
    const possible = Math.min(LONGEST, Math.max(SHORTEST, ttl));
    if (possible !== ttl) notes.push(`${where}: ttl ${ttl} becomes ${possible}, the nearest that Cloudflare supports.`);
    return possible;
}

/** Kinds of Azure resources behind alias records, with what to put in their place. */
const ALIASES: [kind: RegExp, advice: (id: string) => string][] = [
    [
        /\/publicIPAddresses\//i,
        (id) => `its address, if that is static: az network public-ip show --ids ${id} --query ipAddress`,
    ],
    [
        /\/trafficManagerProfiles\//i,
        (id) => `a CNAME to the profile: az network traffic-manager profile show --ids ${id} --query dnsConfig.fqdn`,
    ],
    [/\/(frontdoors|profiles)\//i, () => "a CNAME to the host name of the Front Door or CDN endpoint"],
    [/\/dnszones\//i, () => "the value of the record that it points to"],
];

export function aliasAdvice(id: string): string {
    const advice = ALIASES.find(([kind]) => kind.test(id))?.[1](id) ?? "what the name answers now";
    return `alias of ${id}: give ${advice}`;
}
