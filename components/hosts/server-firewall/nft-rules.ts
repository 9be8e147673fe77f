/** Addresses that may reach the ports of the server and of Ray on its hosts. */
export interface FirewallRules {
    /** Ports that the server answers on. */
    serverPorts: number[];
    /** Addresses and networks of the gateway's nodes, which may only reach the server's ports. */
    gateways: string[];
    /** Ports of Ray, each a number or a range with `-`. Only `alsoFrom` may reach them. */
    rayPorts: string[];
    /** Addresses and networks that may reach the ports of both the server and Ray, for example other Ray nodes. */
    alsoFrom: string[];
}

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
export function renderRules({ serverPorts, gateways, rayPorts, alsoFrom }: FirewallRules): string {
    const opening = "tcp flags & (syn | ack) == syn tcp dport";
    return `table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
${addressSets("gateways", gateways)}${addressSets("others", alsoFrom)}    chain entry {
        type filter hook prerouting priority raw; policy accept;
        iif "lo" accept
        # A first fragment of 8 bytes ends before TCP's flags, so a SYN could be hidden in the second fragment.
        ip frag-off & 0x1fff == 1 meta l4proto tcp jump protect
        # Second fragments of IPv6, whatever their protocol: the next header of a second fragment may have any value.
        frag frag-off 1 jump protect
        # After these headers the TCP header can begin at any offset of the fragment.
        frag nexthdr { ${IPV6_EXTENSIONS.join(", ")} } jump protect
        ${opening} { ${serverPorts.join(", ")} } jump server
${rayPorts.length === 0 ? "" : `        ${opening} { ${rayPorts.join(", ")} } jump ray\n`}    }
    chain server {
        ip saddr @gateways4 accept
        ip6 saddr @gateways6 accept
        jump ray
    }
    chain ray {
        ip saddr @others4 accept
        ip6 saddr @others6 accept
        jump protect
    }
    # Packets to this host, and packets from outside to its containers. Those that it forwards elsewhere pass.
    chain protect {
        fib daddr type local counter drop
${bridges((name) => `iifname "${name}" return`)}${bridges((name) => `fib daddr oifname "${name}" counter drop`)}    }
}
`;
}

/** The rules for an operator who loads them by hand, with instructions. */
export function printedRules(rules: FirewallRules): string {
    return `# Only the gateway's nodes can reach the server. On each host that it runs on, as root:
#   nft -c -f FILE                  checks this file, and changes nothing
#   nft -f FILE                     loads the rules in one step; repeat it after each change of this file
#   nft list table ${TABLE}    shows the rules, and how many packets they dropped
#   nft delete table ${TABLE}  deletes the rules
# The rules are gone after a reboot, unless /etc/nftables.conf has: include "FILE", and nftables.service is enabled.
${renderRules(rules)}`;
}

/** A set of addresses for each family. nft merges networks that overlap. */
function addressSets(name: string, networks: string[]): string {
    const set = (family: 4 | 6, elements: string[]) => `    set ${name}${family} {
        type ipv${family}_addr
        flags interval
        auto-merge
${elements.length === 0 ? "" : `        elements = { ${elements.join(", ")} }\n`}    }
`;
    const isIpv6 = (network: string) => network.includes(":");
    return (
        set(
            4,
            networks.filter((one) => !isIpv6(one)),
        ) + set(6, networks.filter(isIpv6))
    );
}

const bridges = (rule: (name: string) => string) => CONTAINER_BRIDGES.map((name) => `        ${rule(name)}\n`).join("");
