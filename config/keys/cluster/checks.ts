import { LEAST_NODES } from "../../../components/apisix/availability";
import { POD_NETWORK, SERVICE_NETWORK } from "../../../components/hosts/microk8s/launch";
import { holdIpv4, isIpv4, networkProblem } from "../../../components/hosts/networks";
import type { CheckContext, Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";
import { isGiven, type Raw } from "../../unchecked";
import { hostParts, sshHostProblems } from "../hosts/ssh-host";
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
export function clusterChecks(config: Config, given: Raw, { isSecret }: Pick<CheckContext, "isSecret">): string[] {
    const { cluster = {} } = config;
    if (!isGiven(given, "cluster", "nodes"))
        return [...kubeconfigInPlain(cluster, () => isSecret("cluster")), ...withoutNodes(cluster)];
    const { nodes = [] } = cluster;
    return [
        ...OF_A_CLUSTER.filter((key) => isGiven(given, "cluster", key)).map(
            (key) =>
                `cluster.${key}: must not be set together with cluster.nodes, which creates a cluster. Remove one of them.`,
        ),
        ...sshHostProblems("cluster.nodes", nodes, config.ssh, "One host can be only one node."),
        ...sameAddress(nodes),
        ...networkProblems(config),
    ];
}

/**
 * Checks that a stack with high availability has enough nodes, so that the cluster and the gateway survive the loss of one
 * node.
 * @returns the problems; none for an existing cluster
 */
export function haProblems({ cluster }: Pick<Config, "cluster">): string[] {
    const count = cluster?.nodes?.length ?? LEAST_NODES;
    if (count >= LEAST_NODES) return [];
    return [
        `cluster.nodes: must have at least ${LEAST_NODES} nodes, so that the cluster survives the loss of one (got ${count}). Add nodes.`,
    ];
}

/** Rejects a kubeconfig in plain text: the credential would stay in the repository's history. */
function kubeconfigInPlain(
    { kubeconfig }: Pick<Sound<ParsedCluster>, "kubeconfig">,
    isSecret: () => boolean,
): string[] {
    if (kubeconfig === undefined || isSecret()) return [];
    return [
        "cluster.kubeconfig: must be stored encrypted (it is in the stack file in plain text). " +
            "Run: pulumi config set --secret --path cluster.kubeconfig < kubeconfig.yaml",
    ];
}

/**
 * Rejects hosts with an address in the pod network: the cluster's nodes would send packets for such a host into that
 * network, so the host would get neither requests nor answers.
 */
function networkProblems({ cluster = {}, alpa, openai }: Config): string[] {
    const { nodes = [], podNetwork = POD_NETWORK } = cluster;
    const problems: string[] = [];
    if (networkProblem(podNetwork) !== undefined) return problems;
    const hosts: [where: string, address?: string][] = [
        ...nodes.map((node, i): [string, string?] => [`cluster.nodes[${i}].address`, hostParts(node?.address).address]),
        ...((alpa ?? openai)?.endpoints ?? []).map((one, i): [string, string?] => [
            `${alpa ? "alpa" : "openai"}.endpoints[${i}]`,
            one?.split(":")[0],
        ]),
    ];
    for (const [where, address] of hosts) {
        if (address === undefined || !isIpv4(address)) continue;
        if (holdIpv4([podNetwork], address))
            problems.push(
                `${where}: must not be in ${podNetwork}, the network of the cluster's pods (got ${address}). Set cluster.podNetwork to an unused network; if nodes are already installed, this requires a new cluster.`,
            );
        else if (holdIpv4([SERVICE_NETWORK], address))
            problems.push(
                `${where}: must not be in ${SERVICE_NETWORK}, the network of MicroK8s' Services (got ${address}). Use another address of that host.`,
            );
    }
    return problems;
}

function withoutNodes(cluster: Sound<ParsedCluster>): string[] {
    return OF_NODES.filter((key) => cluster[key] !== undefined).map(
        (key) =>
            `cluster.${key}: only valid for a cluster that this stack creates. Set cluster.nodes, or remove this key.`,
    );
}

/** Rejects two nodes with the same address: MicroK8s cannot join them. */
function sameAddress(nodes: Nodes): string[] {
    const places = nodes.map((node) => hostParts(node?.address));
    return places.flatMap(({ address, port }, i) => {
        const first = places.findIndex((other) => other.address === address);
        if (first === i || address === "" || places[first].port === port) return [];
        return [
            `cluster.nodes[${i}]: must have an address of its own (cluster.nodes[${first}] has ${address} too). MicroK8s identifies nodes by address. Correct one address.`,
        ];
    });
}
