import { BlockList, isIPv6 } from "node:net";

/** What a host's tables hold: as much of nftables as rules of ours use, and what they say of a packet. */
export type Ruleset = Map<string, Table>;

export interface Table {
    sets: Map<string, AddressSet>;
    chains: Map<string, Chain>;
}

export interface AddressSet {
    family: 4 | 6;
    timeouts: boolean;
    /** Networks in CIDR form or addresses, with the time in ms when each goes. */
    elements: { network: string; until?: number; timeout?: string }[];
}

export interface Chain {
    /** Unset: reached by jumps only. */
    base?: { hook: "prerouting"; priority: "raw" };
    rules: Rule[];
}

export interface Rule {
    /** All must hold. */
    matches: Match[];
    /** Packets that came so far; unset: not counted. */
    packets?: number;
    verdict: { kind: "accept" | "drop" } | { kind: "jump"; chain: string };
    comment?: string;
}

export type Match =
    | { kind: "loopback" }
    | { kind: "to-this-host" }
    | { kind: "opening" }
    | { kind: "port"; ranges: [number, number][] }
    | { kind: "source"; family: 4 | 6; set: string };

/** A TCP packet that comes to a host. */
export interface Packet {
    /** Where it comes from, an IP address. */
    source: string;
    /** Where it goes to. */
    port: number;
    /** It came over loopback. @default false */
    loopback?: boolean;
    /** It opens a connection: SYN without ACK. @default true */
    opening?: boolean;
    /** It is for this host, and not passed on. @default true */
    here?: boolean;
}

/** What becomes of a packet; counts it where a rule says so. Every table is asked, until one drops it. */
export function decide(ruleset: Ruleset, packet: Packet, now = Date.now()): "accept" | "drop" {
    for (const table of ruleset.values())
        for (const { base, rules } of table.chains.values())
            if (base !== undefined && walk(table, rules, packet, now) === "drop") return "drop";
    return "accept";
}

/** @returns undefined when no rule decides: the chain that jumped goes on, or the policy says accept */
function walk(table: Table, rules: Rule[], packet: Packet, now: number): "accept" | "drop" | undefined {
    for (const rule of rules) {
        if (!rule.matches.every((match) => holds(table, match, packet, now))) continue;
        if (rule.packets !== undefined) rule.packets++;
        if (rule.verdict.kind !== "jump") return rule.verdict.kind;
        const said = walk(table, table.chains.get(rule.verdict.chain)!.rules, packet, now);
        if (said !== undefined) return said;
    }
    return undefined;
}

function holds(table: Table, match: Match, packet: Packet, now: number): boolean {
    const { source, port, loopback = false, opening = true, here = true } = packet;
    switch (match.kind) {
        case "loopback":
            return loopback;
        case "to-this-host":
            return here;
        case "opening":
            return opening;
        case "port":
            return match.ranges.some(([first, last]) => first <= port && port <= last);
        case "source":
            return (isIPv6(source) ? 6 : 4) === match.family && inSet(table.sets.get(match.set)!, source, now);
    }
}

function inSet(set: AddressSet, address: string, now: number): boolean {
    return living(set, now).some(({ network }) => contains(network, address));
}

/** The elements of a set whose time is not over. */
export function living(set: AddressSet, now: number): AddressSet["elements"] {
    return set.elements.filter(({ until }) => until === undefined || until > now);
}

/** Whether a network, or an address, holds another one of its family. */
export function contains(network: string, address: string): boolean {
    const [start, length] = network.split("/");
    const family = isIPv6(start) ? "ipv6" : "ipv4";
    const block = new BlockList();
    block.addSubnet(start, Number(length ?? (family === "ipv6" ? 128 : 32)), family);
    return block.check(address, family);
}
