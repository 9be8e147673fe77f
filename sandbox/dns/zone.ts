/** Answers a question from one zone of an authoritative server (RFC 1034, 4.3.2; wildcards: RFC 4592). */
import type * as packet from "dns-packet";
import { delegationOf, isWithin, parentOf } from "../../dns/names";

export interface ServedRecord {
    name: string;
    type: string;
    ttl: number;
    /** Data in the format of dns-packet. */
    data: unknown;
}

export interface ServedZone {
    name: string;
    /** `minimum`: TTL of negative answers in seconds. */
    soa: { mname: string; rname: string; minimum: number };
    /** All records of the zone except the SOA, including NS records at the apex. */
    records: ServedRecord[];
}

export interface Reply {
    rcode: "NOERROR" | "NXDOMAIN" | "REFUSED" | "SERVFAIL" | "NOTIMP";
    authoritative: boolean;
    answers: packet.Answer[];
    authorities: packet.Answer[];
}

/** Largest number of CNAMEs that are followed inside the zone. */
const LONGEST_CHAIN = 8;

export function refuse(rcode: Reply["rcode"]): Reply {
    return { rcode, authoritative: false, answers: [], authorities: [] };
}

/** The reply of the zone to a question. @param name in lower case, without the final dot */
export function lookUp(zone: ServedZone, name: string, type: string): Reply {
    if (!isWithin(name, zone.name)) return refuse("REFUSED");
    if (name === zone.name && type === "SOA")
        return { ...refuse("NOERROR"), authoritative: true, answers: [soaOf(zone)] };
    const chain: ServedRecord[] = [];
    for (let here = name; chain.length <= LONGEST_CHAIN;) {
        const found = step(zone, here, type);
        const next = found.records[0];
        const follow = next?.type === "CNAME" && type !== "CNAME";
        if (follow && isWithin(String(next.data), zone.name)) {
            chain.push(next);
            here = String(next.data);
            continue;
        }
        return reply(zone, [...chain, ...found.records], found);
    }
    return refuse("SERVFAIL");
}

interface Found {
    /** NOERROR: the name exists, but not with the type. */
    kind: "answer" | "referral" | "NOERROR" | "NXDOMAIN";
    records: ServedRecord[];
    /** Only in a referral: name of the delegated zone. */
    cut?: string;
}

function step({ name: apex, records }: ServedZone, name: string, type: string): Found {
    const cuts = new Set(records.filter((r) => r.type === "NS").map((r) => r.name));
    const cut = delegationOf(name, apex, cuts);
    if (cut !== undefined && !(name === cut && type === "DS")) return { kind: "referral", records: [], cut };
    const at = (owner: string) => records.filter((r) => r.name === owner);
    const exists = (owner: string) => records.some((r) => isWithin(r.name, owner));
    const pick = (all: ServedRecord[]): Found => {
        const alias = all.find((r) => r.type === "CNAME");
        const fitting = alias ? [alias] : all.filter((r) => r.type === type);
        return { kind: fitting.length > 0 ? "answer" : "NOERROR", records: fitting };
    };
    if (exists(name)) return pick(at(name));
    for (let encloser = parentOf(name); isWithin(encloser, apex); encloser = parentOf(encloser)) {
        const wild = at(`*.${encloser}`);
        if (wild.length > 0) return pick(wild.map((record) => ({ ...record, name })));
        if (exists(encloser)) break;
    }
    return { kind: "NXDOMAIN", records: [] };
}

/** The reply without glue, which no client here needs. */
function reply(zone: ServedZone, records: ServedRecord[], { kind, cut }: Found): Reply {
    const answers = records.map(onWire);
    const made: Reply = { rcode: "NOERROR", authoritative: true, answers, authorities: [] };
    if (kind === "answer") return made;
    if (kind !== "referral") return { ...made, rcode: kind, authorities: [soaOf(zone)] };
    const servers = zone.records.filter((r) => r.type === "NS" && r.name === cut);
    // AA after a CNAME: the answer for the first name is authoritative (RFC 1035, 4.1.1).
    return { ...made, authoritative: answers.length > 0, authorities: servers.map(onWire) };
}

function soaOf({ name, soa }: ServedZone): packet.Answer {
    const data = { ...soa, serial: 1, refresh: 3600, retry: 300, expire: 2419200 };
    return { name, type: "SOA", class: "IN", ttl: soa.minimum, data };
}

function onWire({ name, type, ttl, data }: ServedRecord): packet.Answer {
    return { name, type, ttl, class: "IN", data } as packet.Answer;
}
