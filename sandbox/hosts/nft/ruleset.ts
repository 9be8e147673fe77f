import { BlockList, isIPv6 } from "node:net";

/** Data model of the nftables features that the project's rules use, and the decision about a packet. */
export type Ruleset = Map<string, Table>;

export interface Table {
    sets: Map<string, AddressSet>;
    chains: Map<string, Chain>;
}

export interface AddressSet {
    family: 4 | 6;
    timeouts: boolean;
    /** Networks in CIDR form or addresses, each with its expiry (milliseconds since the epoch). */
    elements: { network: string; until?: number; timeout?: string }[];
}

export interface Chain {
    /** Unset for a chain that is only reached by jumps. */
    base?: { hook: "prerouting"; priority: "raw" };
    rules: Rule[];
}

export interface Rule {
    /** Conditions of the rule, which must all match. */
    matches: Match[];
    /** Number of matching packets; unset if they are not counted. */
    packets?: number;
    verdict: { kind: "accept" | "drop" | "return" } | { kind: "jump"; chain: string };
    comment?: string;
}

export type Match =
    | { kind: "loopback" }
    | { kind: "to-this-host" }
    | { kind: "opening" }
    | { kind: "tcp" }
    | { kind: "port"; ranges: [number, number][] }
    | { kind: "source"; family: 4 | 6; set: string }
    /** Offset of a fragment, in units of 8 bytes. */
    | { kind: "fragment"; family: 4 | 6; offset: number }
    /** Number of the protocol that follows an IPv6 fragment header. */
    | { kind: "next-header"; numbers: number[] }
    /** Name of the interface through which a packet arrives or leaves. A `*` at the end matches names with this prefix. */
    | { kind: "interface"; side: "in" | "out"; name: string };

/** Numbers of IP protocols and extension headers. */
export const TCP = 6;
export const DESTINATION_OPTIONS = 60;

/** A packet that a host receives: a TCP packet or a fragment. */
export interface Packet {
    /** Source IP address. */
    source: string;
    /** Destination port; unset for a fragment without the start of the TCP header. */
    port?: number;
    /** Whether the packet opens a connection (SYN without ACK). Ignored for a fragment without TCP's flags. @default true */
    opening?: boolean;
    /** Incoming interface. @default "eth0" */
    arrivesOn?: string;
    /** Outgoing interface; unset if the packet is for this host. */
    leavesOn?: string;
    /** Unset for a packet that is not fragmented. */
    fragment?: {
        /** Position in the original packet, in units of 8 bytes. */
        offset: number;
        /** Next Header of an IPv6 fragment: the type of the first header after the fragment header. @default TCP */
        nextHeader?: number;
        /** Whether the first fragment ends before TCP's flags. @default false */
        short?: boolean;
    };
}

/** Decides about a packet, and updates the counters of rules. Tables are evaluated in turn until one drops the packet. */
export function decide(ruleset: Ruleset, packet: Packet, now = Date.now()): "accept" | "drop" {
    for (const table of ruleset.values())
        for (const { base, rules } of table.chains.values())
            if (base !== undefined && walk(table, rules, packet, now) === "drop") return "drop";
    return "accept";
}

/**
 * Evaluates the rules of a chain. @returns undefined if no rule decides, or if a rule says `return`: then the calling chain
 * continues, or the policy of a base chain accepts the packet
 */
function walk(table: Table, rules: Rule[], packet: Packet, now: number): "accept" | "drop" | undefined {
    for (const rule of rules) {
        if (!rule.matches.every((match) => holds(table, match, packet, now))) continue;
        if (rule.packets !== undefined) rule.packets++;
        if (rule.verdict.kind === "return") return undefined;
        if (rule.verdict.kind !== "jump") return rule.verdict.kind;
        const said = walk(table, table.chains.get(rule.verdict.chain)!.rules, packet, now);
        if (said !== undefined) return said;
    }
    return undefined;
}

function holds(table: Table, match: Match, packet: Packet, now: number): boolean {
    const { source, arrivesOn = "eth0", leavesOn, fragment } = packet;
    const family = isIPv6(source) ? 6 : 4;
    switch (match.kind) {
        case "loopback":
            return arrivesOn === "lo";
        case "to-this-host":
            return leavesOn === undefined;
        case "tcp":
            return (fragment?.nextHeader ?? TCP) === TCP;
        case "opening":
            return hasTcpHeader(packet) && !fragment?.short && (packet.opening ?? true);
        case "port":
            return (
                hasTcpHeader(packet) &&
                match.ranges.some(([first, last]) => first <= packet.port && packet.port <= last)
            );
        case "source":
            return family === match.family && inSet(table.sets.get(match.set)!, source, now);
        case "fragment":
            return family === match.family && fragment?.offset === match.offset;
        case "next-header":
            return family === 6 && fragment !== undefined && match.numbers.includes(fragment.nextHeader ?? TCP);
        case "interface": {
            const name = match.side === "in" ? arrivesOn : leavesOn;
            return match.name.endsWith("*") ? !!name?.startsWith(match.name.slice(0, -1)) : name === match.name;
        }
    }
}

/** Whether a packet contains the start of a TCP header: it is not fragmented, or the first fragment. */
function hasTcpHeader(packet: Packet): packet is Packet & { port: number } {
    return packet.port !== undefined && (packet.fragment?.offset ?? 0) === 0;
}

function inSet(set: AddressSet, address: string, now: number): boolean {
    return living(set, now).some(({ network }) => contains(network, address));
}

/** Returns the elements of a set that have not expired. */
export function living(set: AddressSet, now: number): AddressSet["elements"] {
    return set.elements.filter(({ until }) => until === undefined || until > now);
}

/** Whether a network contains an address. If `network` is a single address, whether both are the same address. */
export function contains(network: string, address: string): boolean {
    const [start, length] = network.split("/");
    const family = isIPv6(start) ? "ipv6" : "ipv4";
    const block = new BlockList();
    block.addSubnet(start, Number(length ?? (family === "ipv6" ? 128 : 32)), family);
    return block.check(address, family);
}
