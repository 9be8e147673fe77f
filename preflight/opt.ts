import type { GatewayClusterArgs } from "../components/gateway-cluster";
import type { Live } from "../components/parts/cluster-reader";
import { OPT } from "../components/parts/opt-pods";
import { OWNER_ANNOTATION } from "../components/parts/ownership";
import { leadsOn } from "../components/parts/conversion-phases";
import type { ClusterView } from "./cluster";
import { recorded } from "./conversion";
import { definition } from "./definitions";

const HOSTNAME = "kubernetes.io/hostname";
const GPUS = "nvidia.com/gpu";

/**
 * What the component stands on: nodes with GPUs, the weights, and an operator that knows what is written.
 */
export async function component(settings: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    if (settings.conversion === undefined) return [];
    const found = await Promise.all([
        nodeProblems(settings.conversion.opt, cluster),
        takenNodes(settings, cluster),
        weightsProblems(settings, cluster),
        operatorProblems(settings, cluster),
    ]);
    return found.flat();
}

/**
 * What stands in the way of a step on. Of a step back it must not: a component that is broken is why one goes back; nor of a
 * run that stays where it is: a credential must be revocable while a node is away.
 */
export async function componentOnItsWay(
    settings: GatewayClusterArgs,
    cluster: ClusterView,
): Promise<{ problems: string[]; warnings: string[] }> {
    if (settings.conversion === undefined) return { problems: [], warnings: [] };
    const [found, { reached }] = await Promise.all([
        component(settings, cluster),
        recorded(settings.namespace, cluster),
    ]);
    const on = leadsOn(reached, settings.conversion.phase);
    return on ? { problems: found, warnings: [] } : { problems: [], warnings: found };
}

type Opt = NonNullable<GatewayClusterArgs["conversion"]>["opt"];

async function nodeProblems({ nodes, gpusPerNode, ...opt }: Opt, cluster: ClusterView): Promise<string[]> {
    const all = await cluster.list("v1", "Node");
    const byName = new Map(all.map((node) => [node.metadata?.labels?.[HOSTNAME] ?? node.metadata?.name, node]));
    const problems = nodes.flatMap((name) => {
        const node = byName.get(name);
        if (node === undefined)
            return [
                `opt.nodes: ${name} must be a node of the cluster (it has ${[...byName.keys()].join(", ") || "none"}). Correct the name.`,
            ];
        const { allocatable = {} } = (node.status ?? {}) as { allocatable?: Record<string, string> };
        const has = Number(allocatable[GPUS] ?? 0);
        if (has >= gpusPerNode) return [];
        const hint =
            has === 0 ? "Install the GPU operator: microk8s enable nvidia" : "Lower it, or choose other nodes.";
        return [
            `opt.gpusPerNode: must be at most the GPUs of every node (got ${gpusPerNode}, and ${name} has ${has}). ${hint}`,
        ];
    });
    const { runtimeClass } = opt;
    if (runtimeClass !== undefined) {
        const object = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", name: runtimeClass };
        if ((await cluster.read(object)) === undefined)
            problems.push(`opt.runtimeClass: RuntimeClass ${runtimeClass} must exist. Correct the name, or create it.`);
    }
    return problems;
}

/** GPUs of a node cannot be in two clusters of Ray, whoever runs first. */
async function takenNodes({ namespace, conversion }: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const others = (await cluster.list("ray.io/v1", "RayCluster")).filter(
        ({ metadata }) => metadata?.namespace !== namespace || metadata?.name !== OPT,
    );
    return others.flatMap((other) => {
        const shared = pinnedTo(other).filter((node) => conversion!.opt.nodes.includes(node));
        if (shared.length === 0) return [];
        const { namespace: space, name, annotations } = other.metadata ?? {};
        const whose = annotations?.[OWNER_ANNOTATION];
        return [
            `opt.nodes: ${shared.join(", ")} must not be in two conversions (RayCluster ${space}/${name}${whose ? ` of stack ${whose}` : ""} has it). Choose other nodes, or end that one first.`,
        ];
    });
}

/** Nodes that the pods of a RayCluster ask for by name. */
function pinnedTo({ spec }: Live): string[] {
    type Group = { template?: { spec?: { nodeSelector?: Record<string, string> } } };
    const { headGroupSpec, workerGroupSpecs = [] } = (spec ?? {}) as {
        headGroupSpec?: Group;
        workerGroupSpecs?: Group[];
    };
    return [headGroupSpec, ...workerGroupSpecs].flatMap(
        (group) => group?.template?.spec?.nodeSelector?.[HOSTNAME] ?? [],
    );
}

async function weightsProblems({ namespace, conversion }: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { claim } = conversion!.opt.weights;
    if (claim === undefined) return [];
    const live = await cluster.read({ apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name: claim });
    if (live !== undefined) return [];
    return [
        `opt.weights.claim: PersistentVolumeClaim ${namespace}/${claim} must exist, with the weights in its volume. Create it, or correct the name.`,
    ];
}

/** Helm and Rampart never update a definition: an old one drops what it does not know without a word. */
async function operatorProblems({ conversion }: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { opt } = conversion!;
    if (opt.shape !== "kuberay") return [];
    const name = "rayclusters.ray.io";
    const live = await cluster.read(definition(name));
    if (live === undefined) {
        if (opt.operatorChart !== undefined) return [];
        return [
            `opt.operator: existing needs CustomResourceDefinition ${name}. Install KubeRay's operator 1.6 or newer, or set install.`,
        ];
    }
    if (JSON.stringify(live.spec).includes('"upgradeStrategy"')) return [];
    return [
        `CustomResourceDefinition ${name}: must know upgradeStrategy, as KubeRay 1.6 and newer do. Apply those of a newer operator with kubectl apply --server-side.`,
    ];
}
