import type { V1Node } from "@kubernetes/client-node" with { "resolution-mode": "import" };
import type { Live } from "../../components/kubernetes/cluster-reader";
import { quantity } from "../../components/kubernetes/quantity";
import { TOLERATIONS } from "../../components/opt/opt-pods";
import { nodeState, type ClusterView } from "../kubernetes/cluster";
import { asksFor, byHostname, isOurs, type Settings } from "./gpus";

/** Maximum number of pods in a message, which names the pods with the largest requests. */
const NAMED = 3;

/**
 * Checks that the component's pods can be scheduled on every node, with enough free cores and memory. The pods are created
 * in phase `start`, after bare metal has stopped: if they cannot be scheduled, callers get 503 until bare metal runs again.
 */
export async function capacityProblems({ namespace, conversion }: Settings, cluster: ClusterView): Promise<string[]> {
    const { nodes, cpu, memory } = conversion!.opt;
    const [all, pods] = await Promise.all([cluster.list("v1", "Node"), cluster.list("v1", "Pod")]);
    const found = byHostname(all);
    const others = pods.filter((pod) => !isOurs(pod, namespace));
    const wanted: Wanted[] = [
        { resource: "cpu", amount: cpu, unit: "" },
        { resource: "memory", amount: memory, unit: "Gi" },
    ];
    return nodes.flatMap((name) => {
        const node = found.get(name);
        if (node === undefined) return [];
        const unfit = unfitFor(node);
        if (unfit === undefined) return wanted.flatMap((one) => notLeft(name, node, others, one));
        return [
            `opt.nodes: ${name} does not accept the component's pods (${unfit}). Make the node accept them, or choose other nodes. Check: kubectl describe node ${node.metadata?.name}`,
        ];
    });
}

/** The cores or the memory that the component's pods request on a node. */
interface Wanted {
    resource: "cpu" | "memory";
    /** Quantity in the notation of Kubernetes. */
    amount: string;
    /** Unit of sums in messages. */
    unit: "" | "Gi";
}

function notLeft(name: string, node: Live, others: Live[], { resource, amount, unit }: Wanted): string[] {
    const { allocatable = {} } = (node.status ?? {}) as { allocatable?: Record<string, string> };
    const has = quantity(allocatable[resource]);
    const taken = others
        .map((pod) => ({ pod, asks: asksFor(pod, node.metadata?.name, resource) }))
        .filter(({ asks }) => asks > 0)
        .sort((a, b) => b.asks - a.asks);
    const sum = taken.reduce((total, { asks }) => total + asks, 0);
    // Sums of thousandths are not exact in floating point.
    if (has - sum >= quantity(amount) - 1e-6) return [];
    const shown = (value: number) => `${inShort(value / quantity(`1${unit}`))}${unit}`;
    const most = taken.slice(0, NAMED).map(({ pod, asks }) => {
        return `${pod.metadata?.namespace}/${pod.metadata?.name} ${shown(asks)}`;
    });
    const who = [...most, ...(taken.length > NAMED ? ["…"] : [])].join(", ");
    return [
        `opt.resources.${resource}: ${name} has less than ${amount} free, since other pods request ${shown(sum)} of its ${shown(has)}${who && ` (${who})`}. Delete those pods, lower ${resource}, or choose other nodes.`,
    ];
}

/** Why the component's pods cannot be scheduled on a node; undefined if they can. */
function unfitFor(node: Live): string | undefined {
    const { spec, ...rest } = node as unknown as V1Node;
    const taints = spec?.taints?.filter(
        (taint) => !TOLERATIONS.some(({ key, effect }) => taint.key === key && taint.effect === effect),
    );
    return nodeState({ ...rest, spec: { ...spec, taints } }).unfit;
}

/** Rounded down to two digits, so that slightly too little does not look sufficient. */
function inShort(amount: number): string {
    return `${Math.floor(amount * 100 + 1e-6) / 100}`;
}
