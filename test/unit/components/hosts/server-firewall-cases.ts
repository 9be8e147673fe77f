/**
 * Packets, and what the rules of the Alpa host must do with each packet.
 */
import type { FirewallRules } from "../../../../components/hosts/server-firewall/nft-rules";

export const RULES: FirewallRules = {
    serverPorts: [20001],
    gateways: ["10.0.0.11", "10.0.0.12", "10.4.0.0/24", "fd00::11"],
    rayPorts: ["6379", "8265", "10001", "10002-19999"],
    alsoFrom: ["10.9.0.7"],
};

/**
 * How the SYN arrives.
 * - `whole`: in one packet.
 * - `options`: in one packet with IP options or extension headers.
 * - `tiny fragments`: in fragments of 8 bytes. The first fragment lacks TCP's flags.
 * - `tiny fragments, the rest of another header`: in fragments of 8 bytes. Only the first fragment names TCP.
 * - `large fragments`: the first fragment has the whole TCP header.
 * - `header in the second fragment`: the first fragment has only an extension header.
 * - `open`: an ACK arrives instead of a SYN.
 */
type Form =
    | "whole"
    | "options"
    | "tiny fragments"
    | "tiny fragments, the rest of another header"
    | "large fragments"
    | "header in the second fragment"
    | "open";

export interface PacketCase {
    what: string;
    source: string;
    port: number;
    /** @default "whole" */
    form?: Form;
    /** Destination. `container` is a container's own address, to which the host routes the packet. @default "host" */
    to?: "host" | "container";
    /** Where the packet comes from. @default "outside" */
    from?: "outside" | "container" | "loopback";
    verdict: "accept" | "drop";
}

export const CASES: PacketCase[] = [
    { what: "a gateway's node to Alpa", source: "10.0.0.11", port: 20001, verdict: "accept" },
    { what: "a gateway's node of a network to Alpa", source: "10.4.0.200", port: 20001, verdict: "accept" },
    { what: "a gateway's node over IPv6 to Alpa", source: "fd00::11", port: 20001, verdict: "accept" },
    { what: "another address to Alpa", source: "10.0.0.13", port: 20001, verdict: "drop" },
    { what: "another address over IPv6 to Alpa", source: "fd00::12", port: 20001, verdict: "drop" },
    { what: "the Internet to Alpa", source: "203.0.113.9", port: 20001, verdict: "drop" },
    { what: "a container on the host to Alpa", source: "172.17.0.2", port: 20001, from: "container", verdict: "drop" },
    { what: "the host itself to Alpa", source: "10.0.0.5", port: 20001, from: "loopback", verdict: "accept" },
    { what: "an established connection", source: "10.0.0.13", port: 20001, form: "open", verdict: "accept" },
    { what: "a gateway's node to Ray", source: "10.0.0.11", port: 6379, verdict: "drop" },
    { what: "another Ray node to Ray", source: "10.9.0.7", port: 6379, verdict: "accept" },
    { what: "another Ray node to a worker's port", source: "10.9.0.7", port: 15000, verdict: "accept" },
    { what: "another Ray node to Alpa", source: "10.9.0.7", port: 20001, verdict: "accept" },
    { what: "any address to a worker's port", source: "10.0.0.13", port: 10002, verdict: "drop" },
    { what: "any address by SSH", source: "203.0.113.9", port: 22, verdict: "accept" },
    { what: "any source over IPv6 by SSH", source: "2001:db8::1", port: 22, verdict: "accept" },
    { what: "an established connection by SSH", source: "10.0.0.13", port: 22, form: "open", verdict: "accept" },
    { what: "any source to a port other than Alpa's", source: "203.0.113.9", port: 20002, verdict: "accept" },

    { what: "a SYN with IP options", source: "10.0.0.13", port: 20001, form: "options", verdict: "drop" },
    { what: "a SYN behind extension headers", source: "fd00::12", port: 20001, form: "options", verdict: "drop" },
    { what: "a gateway's SYN with IP options", source: "10.0.0.11", port: 20001, form: "options", verdict: "accept" },
    { what: "a SYN in tiny fragments", source: "10.0.0.13", port: 20001, form: "tiny fragments", verdict: "drop" },
    {
        what: "a SYN to Ray in tiny fragments",
        source: "10.0.0.13",
        port: 6379,
        form: "tiny fragments",
        verdict: "drop",
    },
    {
        what: "a SYN over IPv6 in tiny fragments",
        source: "fd00::12",
        port: 20001,
        form: "tiny fragments",
        verdict: "drop",
    },
    {
        what: "a SYN over IPv6 in tiny fragments of which only the first names TCP",
        source: "fd00::12",
        port: 20001,
        form: "tiny fragments, the rest of another header",
        verdict: "drop",
    },
    { what: "a SYN in large fragments", source: "10.0.0.13", port: 20001, form: "large fragments", verdict: "drop" },
    {
        what: "a SYN over IPv6 in large fragments",
        source: "fd00::12",
        port: 20001,
        form: "large fragments",
        verdict: "drop",
    },
    {
        what: "a SYN over IPv6 whose TCP header is in the second fragment",
        source: "fd00::12",
        port: 20001,
        form: "header in the second fragment",
        verdict: "drop",
    },
    {
        what: "a gateway's SYN in large fragments",
        source: "10.0.0.11",
        port: 20001,
        form: "large fragments",
        verdict: "accept",
    },
    {
        what: "any source by SSH in large fragments",
        source: "10.0.0.13",
        port: 22,
        form: "large fragments",
        verdict: "accept",
    },

    { what: "another address to a container", source: "10.0.0.13", port: 20001, to: "container", verdict: "drop" },
    {
        what: "another address over IPv6 to a container",
        source: "fd00::12",
        port: 20001,
        to: "container",
        verdict: "drop",
    },
    {
        what: "a SYN in tiny fragments to a container",
        source: "10.0.0.13",
        port: 20001,
        to: "container",
        form: "tiny fragments",
        verdict: "drop",
    },
    {
        what: "another address to Ray in a container",
        source: "10.0.0.13",
        port: 6379,
        to: "container",
        verdict: "drop",
    },
    { what: "a gateway's node to a container", source: "10.0.0.11", port: 20001, to: "container", verdict: "accept" },
    { what: "another port of a container", source: "10.0.0.13", port: 20002, to: "container", verdict: "accept" },
];
