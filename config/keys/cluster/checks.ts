import { POD_NETWORK, SERVICE_NETWORK } from "../../../components/hosts/microk8s/launch";
import { holdIpv4, isIpv4, networkProblem } from "../../../components/hosts/networks";
import { at, type Path, type Problems, type Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";
import { isGiven, type Raw } from "../../unchecked";
import { hostParts, sshHostProblems } from "../hosts/ssh-host";
import { serverKind } from "../openai";
import { repeats } from "../../values";
import type { ParsedCluster } from "./schema";

/** Keys of `cluster` that are valid only for a cluster that the stack creates. */
const OF_NODES = ["channel", "podNetwork"] as const;
/** Keys of `cluster` that are valid only for an existing cluster. */
const OF_A_CLUSTER = ["kubeconfig", "context"];

type Config = Pick<Sound<ParsedGatewayOption>, "cluster" | "alpa" | "openai" | "ssh">;
type Nodes = NonNullable<Sound<ParsedCluster>["nodes"]>;

/**
 * Checks the keys of `cluster` against each other and against other keys.
 * @param given the config before parsing, which shows which keys are set
 */
export function* clusterChecks(config: Config, given: Raw): Problems {
    const { cluster: { nodes = [], ...cluster } = {}, ssh } = config;
    if (!isGiven(given, "cluster", "nodes")) {
        for (const key of OF_NODES)
            if (cluster[key] !== undefined)
                yield at(
                    ["cluster", key],
                    "only valid for a cluster that this stack creates. Set cluster.nodes, or remove this key.",
                );
        return;
    }
    for (const key of OF_A_CLUSTER)
        if (isGiven(given, "cluster", key))
            yield at(
                ["cluster", key],
                "must not be set together with cluster.nodes, which creates a cluster. Remove one of them.",
            );
    yield* sshHostProblems(["cluster", "nodes"], nodes, ssh, "One host can be only one node.");
    yield* sameAddress(nodes);
    yield* networkProblems(config, given);
}

/**
 * Rejects hosts with an address in the pod network: the cluster's nodes would send packets for such a host into that
 * network, so the host would get neither requests nor answers.
 */
function* networkProblems({ cluster = {}, ...config }: Config, given: Raw): Problems {
    const { nodes = [], podNetwork = POD_NETWORK } = cluster;
    if (networkProblem(podNetwork) !== undefined) return;
    const server = serverKind(given);
    const hosts: [where: Path, address?: string][] = [
        ...nodes.map((node, i): [Path, string?] => [
            ["cluster", "nodes", i, "address"],
            hostParts(node?.address).address,
        ]),
        ...(config[server]?.endpoints ?? []).map((one, i): [Path, string?] => [
            [server, "endpoints", i],
            one?.split(":")[0],
        ]),
    ];
    for (const [where, address] of hosts) {
        if (address === undefined || !isIpv4(address)) continue;
        if (holdIpv4([podNetwork], address))
            yield at(
                where,
                `must not be in ${podNetwork}, the network of the cluster's pods (got ${address}). Set cluster.podNetwork to an unused network; if nodes are already installed, this requires a new cluster.`,
            );
        else if (holdIpv4([SERVICE_NETWORK], address))
            yield at(
                where,
                `must not be in ${SERVICE_NETWORK}, the network of MicroK8s' Services (got ${address}). Use another address of that host.`,
            );
    }
}

/** Rejects two nodes with the same address: MicroK8s cannot join them. */
function* sameAddress(nodes: Nodes): Problems {
    const places = nodes.map((node) => hostParts(node?.address));
    for (const [i, first] of repeats(places.map(({ address }) => address || undefined)))
        if (places[first].port !== places[i].port)
            yield at(
                ["cluster", "nodes", i],
                `must have an address of its own (cluster.nodes[${first}] has ${places[i].address} too). MicroK8s identifies nodes by address. Correct one address.`,
            );
}
