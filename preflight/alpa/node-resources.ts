import type { GatewayClusterArgs } from "../../components/gateway-args";
import type { Live } from "../../components/kubernetes/cluster-reader";
import { quantity } from "../../components/kubernetes/quantity";
import { OPT_PODS, TOLERATIONS } from "../../components/opt/opt-pods";
import { optNamespace } from "../../components/opt/opt-settings";
import type { ClusterView } from "../kubernetes/cluster";

const HOSTNAME = "kubernetes.io/hostname";

/** Maximum number of pods in a message, which names the pods with the largest requests. */
const NAMED = 3;

/** What the component's pods request on each node. */
interface Wanted {
    key: string;
    resource: string;
    /** Quantity in the notation of Kubernetes. */
    amount: string;
    /** Unit of sums in messages. */
    unit: "" | "Gi";
}

/**
 * Checks that the component's pods can be scheduled on every node, with enough free GPUs, cores and memory. The pods are
 * created after bare metal has stopped: if they cannot be scheduled, callers get 503 until bare metal runs again. Like the
 * scheduler, this counts only requests of pods, not other processes on the GPUs.
 */
export async function nodeProblems(
    { namespace, conversion }: Pick<GatewayClusterArgs, "namespace" | "conversion">,
    cluster: ClusterView,
): Promise<string[]> {
    const { nodes, gpusPerNode, cpu, memory } = conversion!.opt;
    const [all, pods] = await Promise.all([cluster.list("v1", "Node"), cluster.list("v1", "Pod")]);
    const others = pods.filter((pod) => !isOurs(pod, namespace));
    const wanted: Wanted[] = [
        { key: "opt.gpusPerNode", resource: "nvidia.com/gpu", amount: `${gpusPerNode}`, unit: "" },
        { key: "opt.cpu", resource: "cpu", amount: cpu, unit: "" },
        { key: "opt.memory", resource: "memory", amount: memory, unit: "Gi" },
    ];
    return nodes.flatMap((name) => {
        // Pods select nodes by this label.
        const node = all.find(({ metadata }) => (metadata?.labels?.[HOSTNAME] ?? metadata?.name) === name);
        if (node === undefined) return [`opt.nodes: ${name} is not a node of the cluster. Correct the name.`];
        const unfit = unfitFor(node);
        if (unfit === undefined) return wanted.flatMap((one) => notLeft(name, node, others, one));
        return [
            `opt.nodes: ${name} does not accept the component's pods (${unfit}). Make the node accept them, or choose other nodes. Check: kubectl describe node ${node.metadata?.name}`,
        ];
    });
}

/** Whether a pod belongs to the component. */
function isOurs({ metadata }: Live, namespace: string): boolean {
    const [[key, name]] = Object.entries(OPT_PODS);
    if (metadata?.namespace === namespace) return metadata.labels?.[key] === name;
    return ["ray", "alpa"].some((component) => metadata?.namespace === optNamespace(namespace, component));
}

/** Why the component's pods cannot be scheduled on a node; undefined if they can. */
function unfitFor({ spec, status }: Live): string | undefined {
    const { unschedulable, taints = [] } = (spec ?? {}) as {
        unschedulable?: boolean;
        taints?: { key: string; effect: string }[];
    };
    if (unschedulable) return "cordoned";
    if (status?.conditions?.find(({ type }) => type === "Ready")?.status !== "True") return "not Ready";
    const taint = taints.find(
        ({ key, effect }) =>
            effect !== "PreferNoSchedule" && !TOLERATIONS.some((one) => one.key === key && one.effect === effect),
    );
    return taint && `taint ${taint.key}`;
}

function notLeft(name: string, node: Live, others: Live[], { key, resource, amount, unit }: Wanted): string[] {
    const { allocatable = {} } = (node.status ?? {}) as { allocatable?: Record<string, string> };
    const has = quantity(allocatable[resource]);
    const taken = others
        .map((pod) => ({ pod, asks: asksFor(pod, node.metadata?.name, resource) }))
        .filter(({ asks }) => asks > 0)
        .sort((a, b) => b.asks - a.asks);
    const sum = taken.reduce((total, { asks }) => total + asks, 0);
    // Sums of thousandths are not exact in floating point.
    if (has - sum >= quantity(amount) - 1e-6) return [];
    // Rounded down, so that slightly too little does not look sufficient.
    const shown = (value: number) => `${Math.floor((value / quantity(`1${unit}`)) * 100 + 1e-6) / 100}${unit}`;
    const largest = taken
        .slice(0, NAMED)
        .map(({ pod: { metadata }, asks }) => `${metadata?.namespace}/${metadata?.name} ${shown(asks)}`);
    const who = [...largest, ...(taken.length > NAMED ? ["…"] : [])].join(", ");
    return [
        `${key}: ${name} has less than ${amount} free, since other pods request ${shown(sum)} of its ${shown(has)}${who && ` (${who})`}. Delete those pods, lower ${key}, or choose other nodes.`,
    ];
}

/** Amount of a resource that a pod reserves on a node: the sum of its containers, or its largest init container. */
function asksFor({ spec, status }: Live, node: string | undefined, resource: string): number {
    type Container = { resources?: { requests?: Record<string, string>; limits?: Record<string, string> } };
    const pod = (spec ?? {}) as { nodeName?: string; containers?: Container[]; initContainers?: Container[] };
    if (pod.nodeName === undefined || pod.nodeName !== node) return 0;
    if (["Succeeded", "Failed"].includes(status?.phase ?? "")) return 0;
    const of = ({ resources }: Container) => quantity(resources?.requests?.[resource] ?? resources?.limits?.[resource]);
    const together = (pod.containers ?? []).map(of).reduce((sum, asked) => sum + asked, 0);
    return Math.max(together, ...(pod.initContainers ?? []).map(of));
}
