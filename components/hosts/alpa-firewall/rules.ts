import { createHash } from "node:crypto";
import { normalNetworks } from "../networks";

/** Addresses that may reach the ports of Alpa and Ray on Alpa's hosts. */
export interface FirewallRules {
    /** Ports that Alpa answers on. */
    alpaPorts: number[];
    /** Addresses and networks of the gateway's nodes, which may only reach Alpa's ports. */
    gateways: string[];
    /** Ports of Ray, each a number or a range with `-`. Only `alsoFrom` may reach them. */
    rayPorts: string[];
    /** Addresses and networks that may reach the ports of both Alpa and Ray, for example other Ray nodes. */
    alsoFrom: string[];
}

/** Name of this project's files and services on a host. */
export const FIREWALL = "alpa-auth-firewall";
/** Family and name of the nftables table. It contains all rules, and this project deletes no other table. */
export const TABLE = "inet alpa_auth";

/** Interface names of container bridges of Docker, Podman, nerdctl and other users of CNI. */
const CONTAINER_BRIDGES = ["docker*", "br-*", "podman*", "cni*", "nerdctl*"];

/**
 * IPv6 headers that can stand between a fragment header and TCP: hop-by-hop options, routing, another fragment header,
 * authentication, destination options.
 */
const IPV6_EXTENSIONS = [0, 43, 44, 51, 60];

/**
 * The rules in nft's language. They are loaded in one transaction, and replace only this stack's previous rules.
 *
 * They match only packets that open a connection (SYN without ACK) to these ports of this host or of its containers. So
 * established connections continue, and the kernel need not track connections. The rules run before address translation,
 * so that they also match ports that a container publishes.
 *
 * Without connection tracking, fragments arrive here before the kernel reassembles them. Fragments that can hide a SYN or
 * its port are dropped from every sender.
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

/** Text that is unique to these rules in the output of nft, to check whether they are loaded. */
export function stampOf(text: string): string {
    return new RegExp(`comment ("${MARK}[0-9a-f]+")`).exec(text)![1];
}

/** The rules for an operator who loads them by hand, with instructions. */
export function printedRules(rules: FirewallRules): string {
    return `# Only the gateway's nodes can reach Alpa. On each host that Alpa runs on, as root:
#   nft -c -f FILE                  checks this file, and changes nothing
#   nft -f FILE                     loads the rules in one step; repeat it after each change of this file
#   nft list table ${TABLE}    shows the rules, and how many connections they dropped
#   nft delete table ${TABLE}  deletes the rules
# The rules are gone after a reboot, unless /etc/nftables.conf has: include "FILE", and nftables.service is enabled.
${renderRules(rules)}`;
}

function addressSets(name: string, rules: FirewallRules): string[] {
    const texts = { gateways: rules.gateways, others: rules.alsoFrom, leaving: [] }[name] ?? [];
    const { ipv4, ipv6 } = normalNetworks(texts);
    // The sets `leaving4` and `leaving6` keep removed addresses of the gateway for an hour (firewall.sh).
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
        // A first fragment of 8 bytes ends before TCP's flags, so a SYN could be hidden in the second fragment.
        "        ip frag-off & 0x1fff == 1 meta l4proto tcp jump protect",
        // Second fragments of IPv6, whatever their protocol: the next header of a second fragment may have any value.
        "        frag frag-off 1 jump protect",
        // After these headers the TCP header can begin at any offset of the fragment.
        `        frag nexthdr { ${IPV6_EXTENSIONS.join(", ")} } jump protect`,
        ...(alpa === undefined ? [] : [`        ${opening} ${alpa} jump alpa`]),
        ...(ray === undefined ? [] : [`        ${opening} ${ray} jump ray`]),
        "    }",
    ];
}

/** A chain that accepts packets from addresses in these sets. The chain `protect` gets all other packets. */
function guardChain(name: string, sets: string[]): string[] {
    const accept = sets.flatMap((set) => [`        ip saddr @${set}4 accept`, `        ip6 saddr @${set}6 accept`]);
    return [`    chain ${name} {`, ...accept, "        jump protect", "    }"];
}

/**
 * A chain that drops and counts packets to this host, and packets from outside to its containers. Packets from one
 * container to another, and packets that the host forwards to other hosts, pass.
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

/** Sorts the ports and merges ranges that touch or overlap, so that the order in the config does not matter. */
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
