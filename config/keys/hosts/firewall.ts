import * as z from "zod";
import { holdIpv4, isIpv4, networkProblem } from "../../../components/hosts/networks";
import type { FirewallSettings } from "../../../components/hosts/server-firewall/server-firewall";
import { at, type Path, type Problems, type Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";
import { hostParts, sshHost, sshHostProblems, sshHosts, type ParsedSsh } from "./ssh-host";
import { serverKind } from "../openai";
import { must } from "../../problems";
import { isGiven, type Raw } from "../../unchecked";
import { isPort, portsOf, ruled } from "../../values";
import { optional, withDefault } from "../../schema";

const SSH_PORT = 22;

const network = ruled((text) => {
    const wrong = networkProblem(text);
    return wrong === undefined ? undefined : [`be ${wrong}`];
});

const ports = z.coerce.string().refine((text) => {
    if (!/^\d+(-\d+)?$/.test(text)) return false;
    const [first, last] = portRange(text);
    return isPort(first) && isPort(last) && first <= last;
}, must("be a port or a range of ports, for example 10002-19999"));

/** First and last port of `6379` or `10002-19999`. */
function portRange(text: string): [first: number, last: number] {
    const [first, last = first] = text.split("-").map(Number);
    return [first, last];
}

export const serverFirewall = z
    .strictObject({
        hosts: optional(
            z.array(sshHost).min(1, { error: "must name at least one host that the server runs on. Add a host." }),
            {
                description: "Hosts that run the server, on which the stack loads the rules over SSH.",
                unset: "the stack only prints the rules, as the output `serverFirewall`",
                reason: "The stack changes hosts only on request.",
            },
        ),
        from: optional(
            z.array(network).min(1, {
                error: "must name at least one address, or no gateway reaches the server. Add the gateway's nodes.",
            }),
            {
                description: "Addresses or networks of the gateway's nodes, as the server's hosts see them.",
                examples: [["10.20.97.11", "10.20.97.12", "10.20.97.13"]],
                unset: "the addresses of `cluster.nodes`",
            },
        ),
        alsoFrom: optional(z.array(network), {
            description:
                "Further source addresses from which the firewall allows connections to the server and to the ports in `ports`, for example the addresses of the Ray nodes. The addresses in `from` are allowed without this key.",
            examples: [["10.20.96.0/24"]],
            unset: "no other addresses",
        }),
        ports: withDefault(z.array(ports), [], {
            description:
                "Ports of these hosts that only `alsoFrom` may reach, in addition to the port of the server: for example those of Ray.",
            examples: [["6379", "10002-19999"]],
            reason: "The stack knows no other ports of these hosts than the port of the server.",
        }),
    })
    .meta({
        description: "Firewall rules for the hosts of the server: only the nodes of the gateway may reach it.",
        unset: "the rules are printed if the addresses of the nodes are known",
    });

export type ParsedFirewall = z.infer<typeof serverFirewall>;

type Config = Sound<Pick<ParsedGatewayOption, "alpa" | "openai" | "cluster" | "ssh"> & { firewall?: ParsedFirewall }>;

export function* firewallProblems({ firewall, cluster, ssh, ...config }: Config, given: Raw): Problems {
    if (firewall === undefined) return;
    const { hosts = [], ports: more = [] } = firewall;
    const named = (key: string) => isGiven(given, "firewall", key);
    yield* sshHostProblems(["firewall", "hosts"], hosts, ssh);
    const isKnown = cluster?.nodes?.every((node) => isIpv4(hostParts(node?.address).address)) ?? false;
    if (!named("from") && !isKnown)
        yield at`${["firewall", "from"]}: required, unless every entry of cluster.nodes has an IPv4 address. Name the nodes' addresses: kubectl get nodes -o wide`;
    if (more.length > 0 && !named("alsoFrom"))
        yield at`${["firewall", "alsoFrom"]}: required with ports, since the rules block these ports for every Ray node that is not in alsoFrom. Name all Ray nodes, or write [] if there are none.`;
    const server = serverKind(given);
    const sshPorts = [SSH_PORT, ...hosts.map((host) => hostParts(host?.address).port)];
    const own = (config[server]?.endpoints ?? []).map((one = "") => one.split(":")[1] ?? "");
    yield* portProblems([server, "endpoints"], own, sshPorts);
    yield* portProblems(["firewall", "ports"], more, sshPorts);
}

function* portProblems(list: Path, ports: (string | undefined)[], ssh: number[]): Problems {
    for (const [i, text = ""] of ports.entries()) {
        const [first, last] = portRange(text);
        const shut = ssh.find((port) => first <= port && port <= last);
        if (shut !== undefined)
            yield at`${[...list, i]}: must not include ${shut}, the port of SSH, which the rules would block (got ${text}).`;
    }
}

/**
 * Converts checked values into settings of the component.
 * @param endpoints `host:port` of each server
 * @param nodes addresses of the cluster's nodes, if the stack creates the cluster
 * @returns undefined if no address is known
 */
export function firewallSettings(
    firewall: ParsedFirewall | undefined,
    login: ParsedSsh | undefined,
    endpoints: string[],
    nodes: string[] = [],
): FirewallSettings | undefined {
    const gateways = firewall?.from ?? (nodes.every(isIpv4) ? nodes : []);
    if (gateways.length === 0) return undefined;
    const rules = {
        serverPorts: portsOf(endpoints),
        gateways,
        rayPorts: firewall?.ports ?? [],
        alsoFrom: firewall?.alsoFrom ?? [],
    };
    if (firewall?.hosts === undefined) return { rules, apply: "print" };
    return { rules, apply: "ssh", hosts: sshHosts(firewall.hosts, login) };
}

/** Warnings for the operator. @param nodes addresses of the cluster's nodes, if the stack creates the cluster */
export function* firewallWarnings(
    settings: FirewallSettings | undefined,
    endpoints: string[],
    nodes: string[] = [],
    kind: "alpa" | "openai" = "alpa",
): Iterable<string> {
    if (settings === undefined)
        return yield "firewall: not set, so the stack has no firewall rules for the hosts of the server. Set firewall.from to the nodes' addresses.";
    for (const address of nodes)
        if (isIpv4(address) && !holdIpv4(settings.rules.gateways, address))
            yield `firewall.from: does not include ${address} of cluster.nodes. Requests through this node then get no answer. Add the address, unless the node reaches the server from another address in the list.`;
    const hosts = endpoints.map((text) => text.split(":")[0]);
    const known = settings.apply === "ssh" ? settings.hosts.map(({ address }) => address) : hosts;
    for (const host of new Set(hosts))
        if (!known.includes(host))
            yield `firewall.hosts: does not include ${host} of ${kind}.endpoints. Anyone can still reach the server on this host. Add the host, unless the list has it under another address.`;
}
