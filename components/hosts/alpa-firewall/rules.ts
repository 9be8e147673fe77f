import { createHash } from "node:crypto";
import { normalNetworks } from "../networks";

/** Which addresses may reach which ports on the hosts of Alpa. */
export interface FirewallRules {
    /** Ports that Alpa answers on. */
    alpaPorts: number[];
    /** Addresses and networks of the gateway's nodes, which may reach only Alpa's ports. */
    gateways: string[];
    /** Further ports of these hosts, Ray's: one number, or two with `-` between. Only `alsoFrom` reaches them. */
    rayPorts: string[];
    /** Addresses and networks that reach all these ports, as other Ray nodes. */
    alsoFrom: string[];
}

/** Name of this project's files and services on a host. */
export const FIREWALL = "alpa-auth-firewall";
/** The table, in nft's words: all that the rules are in, and all that is ever taken away. */
export const TABLE = "inet alpa_auth";

/** Names of the bridges that Docker, Podman, nerdctl and other users of CNI make for containers. */
const CONTAINER_BRIDGES = ["docker*", "br-*", "podman*", "cni*", "nerdctl*"];

/**
 * IPv6 headers that can stand between a fragment header and TCP: hop-by-hop options, routing, another fragment header,
 * authentication, destination options.
 */
const IPV6_EXTENSIONS = [0, 43, 44, 51, 60];

/**
 * The rules as nft reads them: loaded in one transaction, they replace this stack's previous rules and no other rules.
 *
 * Only the packet that opens a connection (SYN without ACK) is looked at, and only on its way to these ports of this host
 * or of a container on it. So what runs goes on, and the kernel need not track connections for it. It is looked at before
 * any translation of addresses, so that ports published by a container are seen too.
 *
 * Where nothing tracks connections, fragments come here before the kernel puts them together. Those that can hide a SYN
 * or its port are dropped from every sender.
 */
export function renderRules(rules: FirewallRules): string {
    const ray = portSet(rules.rayPorts);
    const body = [
        ...["gateways", "leaving", "others"].flatMap((name) => addressSets(name, rules)),
        ...entryChain(portSet(rules.alpaPorts.map(String)), ray),
        ...guardChain("alpa", ["gateways", "leaving", "others"]),
        ...(ray === undefined ? [] : guardChain("ray", ["others"])),
        ...protectChain(),
    ];
    const stamp = createHash("sha256").update(body.join("\n")).digest("hex").slice(0, 16);
    const marked = body.map((line) => line.replace(/counter drop$/, `counter drop comment "${MARK}${stamp}"`));
    return `table ${TABLE}\ndelete table ${TABLE}\ntable ${TABLE} {\n${marked.join("\n")}\n}\n`;
}

const MARK = "alpa-auth ";

/** Text that only these rules have in the list of nft, to check whether they are loaded. */
export function stampOf(text: string): string {
    return new RegExp(`comment ("${MARK}[0-9a-f]+")`).exec(text)![1];
}

/** The rules for an operator who loads them, with how that is done. */
export function printedRules(rules: FirewallRules): string {
    return `# Lets only the gateway's nodes reach Alpa. On each host that Alpa runs on, as root:
#   nft -c -f FILE                  checks this file, and changes nothing
#   nft -f FILE                     loads it in one step; again after each change of it
#   nft list table ${TABLE}    shows it, and how many connections it refused
#   nft delete table ${TABLE}  takes it away
# It is gone after a reboot, unless /etc/nftables.conf says: include "FILE", and nftables.service is enabled.
${renderRules(rules)}`;
}

function addressSets(name: string, rules: FirewallRules): string[] {
    const texts = { gateways: rules.gateways, others: rules.alsoFrom, leaving: [] }[name] ?? [];
    const { ipv4, ipv6 } = normalNetworks(texts);
    // Addresses that the gateway had until now stay for a while: see the scripts.
    const flags = name === "leaving" ? "interval, timeout" : "interval";
    const set = (family: 4 | 6, elements: string[]) => [
        `    set ${name}${family} {`,
        `        type ipv${family}_addr`,
        `        flags ${flags}`,
        ...(elements.length === 0 ? [] : [`        elements = { ${elements.join(", ")} }`]),
        "    }",
    ];
    return [...set(4, ipv4), ...set(6, ipv6)];
}

function entryChain(alpa: string | undefined, ray: string | undefined): string[] {
    const opening = "tcp flags & (syn | ack) == syn tcp dport";
    return [
        "    chain entry {",
        "        type filter hook prerouting priority raw; policy accept;",
        '        iif "lo" accept',
        // With TCP's flags in the second fragment, 8 bytes from the start, no rule sees a SYN in the first one.
        "        ip frag-off & 0x1fff == 1 meta l4proto tcp jump protect",
        // What an IPv6 fragment but the first says of the next header counts for nothing, and may be anything.
        "        frag frag-off 1 jump protect",
        // Behind these the TCP header begins anywhere.
        `        frag nexthdr { ${IPV6_EXTENSIONS.join(", ")} } jump protect`,
        ...(alpa === undefined ? [] : [`        ${opening} ${alpa} jump alpa`]),
        ...(ray === undefined ? [] : [`        ${opening} ${ray} jump ray`]),
        "    }",
    ];
}

/** Accepts only addresses of the sets. */
function guardChain(name: string, sets: string[]): string[] {
    const accept = sets.flatMap((set) => [`        ip saddr @${set}4 accept`, `        ip6 saddr @${set}6 accept`]);
    return [`    chain ${name} {`, ...accept, "        jump protect", "    }"];
}

/**
 * Drops and counts what is for this host, or comes from outside for a container on it. The rest goes on: it is for others,
 * or stays between containers.
 */
function protectChain(): string[] {
    return [
        "    chain protect {",
        "        fib daddr type local counter drop",
        ...CONTAINER_BRIDGES.map((name) => `        iifname "${name}" return`),
        ...CONTAINER_BRIDGES.map((name) => `        fib daddr oifname "${name}" counter drop`),
        "    }",
    ];
}

/** Ports in ascending order, those that touch or overlap as one range: one text, however they are given. */
function portSet(ports: string[]): string | undefined {
    const ranges = ports.map(portRange).sort((a, b) => a[0] - b[0]);
    const merged: [number, number][] = [];
    for (const [first, last] of ranges) {
        const before = merged.at(-1);
        if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
        else merged.push([first, last]);
    }
    if (merged.length === 0) return undefined;
    return `{ ${merged.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ")} }`;
}

/** First and last port of `6379` or `10002-19999`. */
export function portRange(text: string): [first: number, last: number] {
    const [first, last = first] = text.split("-").map(Number);
    return [first, last];
}
