import { LEAST_NODES } from "../../../components/apisix/availability";
import { POD_NETWORK, SERVICE_NETWORK } from "../../../components/hosts/microk8s/launch";
import { holdIpv4, isIpv4, networkProblem } from "../../../components/hosts/networks";
import type { CheckContext, Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";
import { isGiven, type Raw } from "../../unchecked";
import { DEFAULT_NAMESPACE } from "../../values";
import { sshHostProblems } from "../hosts/ssh-host";
import type { ParsedCluster } from "./schema";

/** Minimum number of control-plane nodes with which a cluster survives the loss of one of them. */
const FEWEST_FOR_HA = 3;
/** Keys of `cluster` that are valid only for a cluster that the stack creates. */
const OF_NODES = ["channel", "sans", "storage", "podNetwork", "waitSeconds"] as const;
/** Keys of `cluster` that are valid only for an existing cluster. */
const OF_A_CLUSTER = ["kubeconfig", "context"];

type Config = Pick<Sound<ParsedGatewayOption>, "cluster" | "alpa" | "rampart" | "namespace">;
type Nodes = NonNullable<Sound<ParsedCluster>["nodes"]>;

/**
 * Checks the keys of `cluster` against each other and against other keys.
 * @param given the config before parsing, which shows which keys are set
 */
export function clusterChecks(config: Config, given: Raw, { isSecret }: Pick<CheckContext, "isSecret">): string[] {
    const { cluster = {} } = config;
    const isOneSecret = (value?: unknown) => isSecret("cluster", value);
    if (!isGiven(given, "cluster", "nodes"))
        return [...kubeconfigInPlain(cluster, isOneSecret), ...withoutNodes(cluster)];
    const { nodes = [] } = cluster;
    return [
        ...OF_A_CLUSTER.filter((key) => isGiven(given, "cluster", key)).map(
            (key) =>
                `cluster.${key}: must not be set together with cluster.nodes, which creates a cluster. Remove one of them.`,
        ),
        ...sshHostProblems("cluster.nodes", nodes, isOneSecret, "One host can be only one node."),
        ...sameAddress(nodes),
        ...controlPlaneProblems(nodes),
        ...repeatedTaints(nodes),
        ...networkProblems(config),
        ...ramparts(config),
    ];
}

/** Checks that only Rampart uses its namespace in a cluster that the stack creates: the stack deletes that namespace. */
function ramparts({ rampart, namespace: routes = DEFAULT_NAMESPACE }: Config): string[] {
    const namespace = rampart?.install?.namespace;
    if (namespace === undefined || (namespace !== routes && !/^(default|kube-.*)$/.test(namespace))) return [];
    return [
        `rampart.install.namespace: must be a namespace that only Rampart uses, since that namespace is deleted with the stack (got ${namespace}, which other objects use too). Choose another namespace, or remove the key.`,
    ];
}

/**
 * Checks that a stack with high availability has enough nodes, so that the cluster and the gateway survive the loss of one
 * node.
 * @returns the problems; none for an existing cluster
 */
export function haProblems({ cluster }: Pick<Config, "cluster">): string[] {
    const { nodes } = cluster ?? {};
    if (nodes === undefined) return [];
    const members = nodes.filter((node) => node?.role === "control-plane");
    if (members.length < FEWEST_FOR_HA)
        return [
            `cluster.nodes: must have at least ${FEWEST_FOR_HA} nodes with role control-plane, so that the cluster survives the loss of one (got ${members.length}). Add nodes.`,
        ];
    const open = nodes.filter(
        (node) => !node?.taints?.some((taint) => taint?.effect === "NoSchedule" || taint?.effect === "NoExecute"),
    );
    if (open.length >= LEAST_NODES) return [];
    return [
        `cluster.nodes: must have at least ${LEAST_NODES} nodes without a NoSchedule or NoExecute taint, for the gateway pods (got ${open.length}). Add nodes, or remove taints.`,
    ];
}

/** Rejects a kubeconfig in plain text: the credential would stay in the repository's history. */
function kubeconfigInPlain(
    { kubeconfig }: Pick<Sound<ParsedCluster>, "kubeconfig"> = {},
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
function networkProblems({ cluster = {}, alpa }: Config): string[] {
    const { nodes = [], podNetwork = POD_NETWORK, channel } = cluster;
    const problems: string[] = [];
    if (podNetwork !== POD_NETWORK && channel !== undefined && /^1\.27\//.test(channel))
        problems.push(
            `cluster.podNetwork: must be left out with channel ${channel}: versions before 1.28 have a fixed pod network. Remove the key, or choose a newer channel.`,
        );
    if (networkProblem(podNetwork) !== undefined) return problems;
    const hosts: [where: string, address?: string][] = [
        ...nodes.map((node, i): [string, string?] => [`cluster.nodes[${i}].address`, node?.address]),
        ...(alpa?.endpoints ?? []).map((one, i): [string, string?] => [
            `alpa.endpoints[${i}]`,
            (typeof one === "string" ? one : one?.address)?.split(":")[0],
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
    return nodes.flatMap(({ address, port } = {}, i) => {
        const first = nodes.findIndex((other) => other?.address === address);
        if (first === i || address === undefined || nodes[first]?.port === port) return [];
        return [
            `cluster.nodes[${i}]: must have an address of its own (cluster.nodes[${first}] has ${address} too). MicroK8s identifies nodes by address. Correct one address.`,
        ];
    });
}

function controlPlaneProblems(nodes: Nodes): string[] {
    if (nodes.length === 0 || nodes.some((node) => node?.role === undefined)) return [];
    const members = nodes.filter((node) => node?.role === "control-plane").length;
    if (members === 0)
        return [
            "cluster.nodes: must have at least one node with role control-plane (got none). Give the first node that role.",
        ];
    if (members % 2 === 1) return [];
    return [
        `cluster.nodes: must have an odd number of nodes with role control-plane (got ${members}): ${members} nodes tolerate no more failures than ${members - 1} nodes. Add one, or make one a worker.`,
    ];
}

/** Kubernetes accepts only one taint for each name and effect. */
function repeatedTaints(nodes: Nodes): string[] {
    return nodes.flatMap((node, i) => {
        const names = (node?.taints ?? []).map((taint) => `${taint?.key}:${taint?.effect}`);
        const twice = [...new Set(names.filter((name, at) => names.indexOf(name) < at))];
        return twice.map(
            (name) =>
                `cluster.nodes[${i}].taints: every key and effect must be unique (got ${name} twice). Remove one.`,
        );
    });
}
