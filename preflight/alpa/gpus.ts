import type { GatewayClusterArgs } from "../../components/gateway-args";
import type { Live } from "../../components/kubernetes/cluster-reader";
import { OPT_PODS } from "../../components/opt/opt-pods";
import { optNamespace } from "../../components/opt/opt-settings";
import type { ClusterView } from "../kubernetes/cluster";
import { quantity } from "../../components/kubernetes/quantity";

export const HOSTNAME = "kubernetes.io/hostname";
const GPUS = "nvidia.com/gpu";

export type Settings = Pick<GatewayClusterArgs, "namespace" | "conversion">;

/**
 * Checks that every node has enough free GPUs. The scheduler counts only requests of pods, not other processes on the GPUs.
 */
export async function gpuProblems({ namespace, conversion }: Settings, cluster: ClusterView): Promise<string[]> {
    const { nodes, gpusPerNode } = conversion!.opt;
    const [all, pods] = await Promise.all([cluster.list("v1", "Node"), cluster.list("v1", "Pod")]);
    const byName = byHostname(all);
    const others = pods.filter((pod) => !isOurs(pod, namespace));
    return nodes.flatMap((name) => {
        const node = byName.get(name);
        if (node === undefined)
            return [
                `opt.nodes: ${name} is not a node of the cluster (nodes: ${[...byName.keys()].join(", ") || "none"}). Correct the name.`,
            ];
        const { allocatable = {} } = (node.status ?? {}) as { allocatable?: Record<string, string> };
        const has = Number(allocatable[GPUS] ?? 0);
        if (has < gpusPerNode) {
            const hint =
                has === 0
                    ? "Install the GPU operator: microk8s enable nvidia"
                    : "Lower gpusPerNode, or choose other nodes.";
            return [`opt.gpusPerNode: ${name} has only ${has} GPUs (got ${gpusPerNode}). ${hint}`];
        }
        const taken = others
            .map((pod) => ({ pod, gpus: asksFor(pod, node.metadata?.name, GPUS) }))
            .filter((t) => t.gpus > 0);
        const sum = taken.reduce((total, { gpus }) => total + gpus, 0);
        if (has - sum >= gpusPerNode) return [];
        const who = taken.map(({ pod, gpus }) => `${pod.metadata?.namespace}/${pod.metadata?.name} ${gpus}`).join(", ");
        return [
            `opt.gpusPerNode: ${name} has fewer than ${gpusPerNode} free GPUs, since other pods request ${sum} of its ${has} (${who}). Delete those pods, lower gpusPerNode, or choose other nodes.`,
        ];
    });
}

/** Nodes by the label that pods select. */
export function byHostname(nodes: Live[]): Map<string | undefined, Live> {
    return new Map(nodes.map((node) => [node.metadata?.labels?.[HOSTNAME] ?? node.metadata?.name, node]));
}

/** Whether a pod belongs to the component and holds GPUs. */
export function isOurs({ metadata }: Live, namespace: string): boolean {
    const [[key, name]] = Object.entries(OPT_PODS);
    if (metadata?.namespace === namespace) return metadata.labels?.[key] === name;
    return ["ray", "alpa"].some((component) => metadata?.namespace === optNamespace(namespace, component));
}

/** Amount of a resource that a pod reserves on a node: the sum of its containers, or its largest init container. */
export function asksFor({ spec, status }: Live, node: string | undefined, resource: string): number {
    type Container = { resources?: { requests?: Record<string, string>; limits?: Record<string, string> } };
    const pod = (spec ?? {}) as { nodeName?: string; containers?: Container[]; initContainers?: Container[] };
    if (pod.nodeName === undefined || pod.nodeName !== node) return 0;
    if (["Succeeded", "Failed"].includes(status?.phase ?? "")) return 0;
    const of = ({ resources }: Container) => quantity(resources?.requests?.[resource] ?? resources?.limits?.[resource]);
    const together = (pod.containers ?? []).map(of).reduce((sum, asked) => sum + asked, 0);
    return Math.max(together, ...(pod.initContainers ?? []).map(of));
}
