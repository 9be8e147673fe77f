import { LEAST_NODES } from "../../../components/apisix/availability";
import { POD_NETWORK, SERVICE_NETWORK } from "../../../components/hosts/microk8s/launch";
import { holdIpv4, isIpv4, networkProblem } from "../../../components/hosts/networks";
import { list, mapping } from "../../cross-checks";
import { sshHostProblems } from "../hosts/ssh-host";
import { DEFAULT_NAMESPACE } from "../../values";

/** Members that a cluster needs to survive the loss of one. */
const FEWEST_FOR_HA = 3;
/** Keys of `cluster` that say how to make one. */
const OF_NODES = ["channel", "sans", "storage", "podNetwork", "waitSeconds"];
/** Keys that say where one is. */
const OF_A_CLUSTER = ["kubeconfig", "context"];

type Raw = Record<string, unknown>;

/**
 * What the schema cannot say of key `cluster`. Reads unchecked values, so that nothing hides another problem.
 * @param isSecret whether a value of it is stored encrypted
 */
export function clusterChecks(values: Raw, isSecret: (value?: unknown) => boolean): string[] {
    const cluster = mapping(values.cluster);
    if (cluster.nodes === undefined) return [...kubeconfigInPlain(cluster, isSecret), ...withoutNodes(cluster)];
    const nodes = list(cluster.nodes).map(mapping);
    return [
        ...OF_A_CLUSTER.filter((key) => cluster[key] !== undefined).map(
            (key) => `cluster.${key}: must not stand beside cluster.nodes, which makes a cluster. Remove one of them.`,
        ),
        ...sshHostProblems("cluster.nodes", nodes, isSecret, "A host is one node."),
        ...sameAddress(nodes),
        ...controlPlaneProblems(nodes),
        ...repeatedTaints(nodes),
        ...networkProblems(values),
        ...ramparts(values),
    ];
}

/** Rampart's namespace is the stack's own in a cluster that it makes, and goes with it. */
function ramparts(values: Raw): string[] {
    const { namespace } = mapping(mapping(values.rampart).install);
    const { namespace: routes = DEFAULT_NAMESPACE } = values;
    if (typeof namespace !== "string" || (namespace !== routes && !/^(default|kube-.*)$/.test(namespace))) return [];
    return [
        `rampart.install.namespace: must be one of Rampart's own, which goes with the stack (got ${namespace}, which holds more). Name another, or leave it out.`,
    ];
}

/**
 * Whether the nodes and the gateway on them survive the loss of one, for an option that promises it.
 * @returns the problem, if there is one; nothing for a cluster that is there already
 */
export function haProblems(values: Raw): string[] {
    const { nodes } = mapping(values.cluster);
    if (nodes === undefined) return [];
    const hosts = list(nodes).map(mapping);
    const members = hosts.filter(({ role }) => role === "control-plane");
    if (members.length < FEWEST_FOR_HA)
        return [
            `cluster.nodes: must have at least ${FEWEST_FOR_HA} of role control-plane, so that the loss of one stops nothing (got ${members.length}). Add some.`,
        ];
    const open = hosts.filter(
        ({ taints }) => !list(taints).some((taint) => /^No(Schedule|Execute)$/.test(String(mapping(taint).effect))),
    );
    if (open.length >= LEAST_NODES) return [];
    return [
        `cluster.nodes: must have at least ${LEAST_NODES} without taints of NoSchedule or NoExecute, for pods of the gateway (got ${open.length}). Add some, or take taints away.`,
    ];
}

/** A kubeconfig is the key to the cluster: in plain text it would be in the repository's history for good. */
export function kubeconfigInPlain({ kubeconfig }: Raw, isSecret: () => boolean): string[] {
    if (kubeconfig === undefined || isSecret()) return [];
    return [
        "cluster.kubeconfig: must be stored encrypted, and stands in the stack file in plain text. " +
            "Run: pulumi config set --secret --path cluster.kubeconfig < kubeconfig.yaml",
    ];
}

/**
 * What is in the pods' network is reached there: a pod's way to such a host ends in the cluster, and the answers of a node that
 * is in it do too.
 */
function networkProblems(values: Raw): string[] {
    const { nodes, podNetwork = POD_NETWORK, channel } = mapping(values.cluster);
    const problems: string[] = [];
    if (podNetwork !== POD_NETWORK && typeof channel === "string" && /^1\.27\//.test(channel))
        problems.push(
            `cluster.podNetwork: must be left out with channel ${channel}: MicroK8s takes another one since 1.28. Choose a newer channel.`,
        );
    if (typeof podNetwork !== "string" || networkProblem(podNetwork) !== undefined) return problems;
    const hosts: [where: string, address: unknown][] = [
        ...list(nodes).map((node, i): [string, unknown] => [`cluster.nodes[${i}].address`, mapping(node).address]),
        ...list(mapping(values.alpa).endpoints).map((one, i): [string, unknown] => [
            `alpa.endpoints[${i}]`,
            String(typeof one === "string" ? one : mapping(one).address).split(":")[0],
        ]),
    ];
    for (const [where, address] of hosts) {
        if (typeof address !== "string" || !isIpv4(address)) continue;
        if (holdIpv4([podNetwork], address))
            problems.push(
                `${where}: must not be in ${podNetwork}, the network of the cluster's pods (got ${address}). Set cluster.podNetwork to a network that nobody here uses; with nodes that are installed this means a new cluster.`,
            );
        else if (holdIpv4([SERVICE_NETWORK], address))
            problems.push(
                `${where}: must not be in ${SERVICE_NETWORK}, the network of MicroK8s' Services (got ${address}). Use another address of that host.`,
            );
    }
    return problems;
}

function withoutNodes(cluster: Raw): string[] {
    return OF_NODES.filter((key) => cluster[key] !== undefined).map(
        (key) => `cluster.${key}: belongs to a cluster that this stack makes. Name cluster.nodes, or remove it.`,
    );
}

/** Two ports of one address lead to one host, or to two behind one: MicroK8s refuses to join either. */
function sameAddress(nodes: Raw[]): string[] {
    return nodes.flatMap(({ address, port = 22 }, i) => {
        const first = nodes.findIndex((other) => other.address === address);
        if (first === i || address === undefined || (nodes[first].port ?? 22) === port) return [];
        return [
            `cluster.nodes[${i}]: must have an address of its own (cluster.nodes[${first}] is at ${String(address)} too). MicroK8s knows its nodes by address: correct one.`,
        ];
    });
}

function controlPlaneProblems(nodes: Raw[]): string[] {
    if (nodes.length === 0 || nodes.some(({ role }) => role === undefined)) return [];
    const members = nodes.filter(({ role }) => role === "control-plane").length;
    if (members === 0) return ["cluster.nodes: must have one of role control-plane (got none). Give it to the first."];
    if (members % 2 === 1) return [];
    return [
        `cluster.nodes: must have an odd number of role control-plane (got ${members}): an even one survives no more losses than one fewer. Add one, or make one a worker.`,
    ];
}

/** Kubernetes takes one taint of a name and an effect. */
function repeatedTaints(nodes: Raw[]): string[] {
    return nodes.flatMap((node, i) => {
        const names = list(node.taints).map(
            (taint) => `${String(mapping(taint).key)}:${String(mapping(taint).effect)}`,
        );
        const twice = [...new Set(names.filter((name, at) => names.indexOf(name) < at))];
        return twice.map(
            (name) =>
                `cluster.nodes[${i}].taints: every key and effect must be unique (got ${name} twice). Remove one.`,
        );
    });
}
