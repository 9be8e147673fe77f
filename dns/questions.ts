/**
 * Queries for the old and the new name servers: every record set of the records file, and names that must not exist.
 */
import { randomBytes } from "node:crypto";
import { recordValue, type ZoneRecord } from "../components/cloudflare/dns-record";
import { delegationOf, isWildcard, isWithin, parentOf, upTo } from "./names";
import { type Question } from "./query";

export interface Check extends Question {
    /**
     * Values that both sides must return, sorted; `[]` if there must be none. Undefined if the old and the new servers are
     * only compared with each other.
     */
    expected?: string[];
    /**
     * `edge`: a proxied name, for which the new servers must answer with addresses of the edge.
     * `flattened`: a CNAME at the apex, for which old and new servers answer with addresses.
     */
    as?: "edge" | "flattened";
    /** Why the query is sent; unset if the query is for a record of the file. */
    why?: string;
}

/** Types that are compared at the apex even if the records file has no such record there. */
const AT_APEX = ["A", "AAAA", "CAA", "MX", "TXT"];

interface CheckOptions {
    /** Whether the edge already answers for proxied names. Default: false. */
    atEdge?: boolean;
    /** Names that the stack itself creates, whose absence is not checked. Default: none. */
    hostnames?: string[];
}

/** @param random label of a name that does not exist in the zone */
export function checksOf(
    records: ZoneRecord[],
    zone: string,
    { atEdge = false, hostnames = [] }: CheckOptions = {},
    random = randomBytes(6).toString("hex"),
): Check[] {
    const setOf = ({ name, type }: ZoneRecord) => records.filter((one) => one.name === name && one.type === type);
    const sets = records.map(setOf).filter(([first], i) => first === records[i]);
    const cuts = new Set(records.filter(({ type }) => type === "NS").map(({ name }) => name));
    const names = new Set(records.map(({ name }) => name));
    const has = (name: string, type: string) => records.some((one) => one.name === name && one.type === type);
    const proxied = new Set(records.filter((record) => record.proxied && atEdge).map(({ name }) => name));
    const flat = has(zone, "CNAME");

    const checks = sets.flatMap((set): Check[] => {
        const [{ name, type }] = set;
        // Wildcards are checked below, by queries for names that match them.
        if (isWildcard(name) || proxied.has(name) || (name === zone && type === "CNAME")) return [];
        const cut = delegationOf(name, zone, cuts);
        if (cut !== undefined && (name !== cut || (type !== "NS" && type !== "DS")))
            return [{ name, type, why: "below a delegation" }];
        return [{ name, type, expected: set.map(recordValue).sort() }];
    });
    for (const name of proxied) checks.push({ name, type: "A", as: "edge", why: "proxied" });
    if (flat && !proxied.has(zone))
        for (const type of ["A", "AAAA"]) checks.push({ name: zone, type, as: "flattened", why: "CNAME at the apex" });

    const absent = (name: string, type: string) => {
        const covered = hostnames.includes(name) || proxied.has(name) || has(name, "CNAME") || has(name, type);
        if (!covered && delegationOf(name, zone, cuts) === undefined)
            checks.push({ name, type, expected: [], why: "must not exist" });
    };
    for (const name of names) if (!isWildcard(name)) for (const type of ["A", "AAAA"]) absent(name, type);
    for (const type of AT_APEX) if (!names.has(zone) || !["A", "AAAA"].includes(type)) if (!flat) absent(zone, type);
    for (const name of emptyNames(names, zone)) absent(name, "A");

    for (const set of sets.filter(([{ name }]) => isWildcard(name))) {
        const [{ name, type }] = set;
        const below = `alpa-auth-${random}.${parentOf(name)}`;
        checks.push(
            proxied.has(name)
                ? { name: below, type: "A", as: "edge", why: "wildcard, proxied" }
                : { name: below, type, expected: set.map(recordValue).sort(), why: "wildcard" },
        );
    }
    const missing = `alpa-auth-${random}.${zone}`;
    if (!checks.some(({ name, type }) => name === missing && type === "A"))
        checks.push({ name: missing, type: "A", why: "a name that does not exist" });
    return checks;
}

/**
 * Names between a record and its zone that have no records of their own (empty non-terminals). In DNS such a name exists,
 * but has no data.
 */
function emptyNames(names: Set<string>, zone: string): string[] {
    const between = [...names].flatMap((name) => upTo(parentOf(name), zone));
    return [...new Set(between)].filter((name) => name !== zone && isWithin(name, zone) && !names.has(name));
}
