import { Address4, Address6 } from "ip-address";

/** An IP address, or a network in CIDR form. */
type Network = Address4 | Address6;

/**
 * Parses an address or network; undefined if it is invalid. Ambiguous forms are invalid, for example `010.0.0.1`, or an
 * IPv6 address with a zone.
 */
function parse(text: string): Network | undefined {
    if (!/^[0-9a-f:.]+(\/\d{1,3})?$/i.test(text)) return undefined;
    const kind = text.includes(":") ? Address6 : Address4;
    return kind.isValid(text) ? new kind(text) : undefined;
}

/** Requirement that an address or network violates, as text after "must be"; undefined if it is valid. */
export function networkProblem(text: string): string | undefined {
    const network = parse(text);
    if (network === undefined || (network instanceof Address6 && network.is4()))
        return "an IPv4 or IPv6 address, or a network, for example 10.0.0.0/24";
    if (network.subnetMask === 0) return "a network with a prefix of /1 or longer, because /0 is every address";
    if (text.includes("/") && network.startAddress().correctForm() !== network.correctForm())
        return `the network ${network.startAddress().correctForm()}/${network.subnetMask}, or a single address`;
    return undefined;
}

/** Whether a text is an IPv4 address. A host name never is. */
export function isIpv4(text: string): boolean {
    return parse(text) instanceof Address4 && !text.includes("/");
}

/** Whether one of some valid networks contains an IPv4 address. */
export function holdIpv4(networks: string[], address: string): boolean {
    return networks.some((text) => {
        const network = parse(text);
        return network instanceof Address4 && new Address4(address).isInSubnet(network);
    });
}

/** Whether two IPv4 networks have addresses in common. */
export function overlapIpv4(one: string, other: string): boolean {
    const [a, b] = [new Address4(one), new Address4(other)];
    return a.isInSubnet(b) || b.isInSubnet(a);
}
