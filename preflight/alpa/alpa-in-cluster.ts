import type { GatewayClusterArgs } from "../../components/gateway-args";
import type { Live } from "../../components/kubernetes/cluster-reader";
import { APISIX_PODS } from "../../components/kubernetes/network-policies";
import { OPT } from "../../components/opt/opt-pods";
import { OWNER_ANNOTATION } from "../../components/kubernetes/ownership";
import { stateOf } from "../../components/opt/conversion-phases";
import type { ClusterView } from "../kubernetes/cluster";
import { definition } from "../kubernetes/crds";
import { gpuProblems, HOSTNAME } from "./gpus";
import { capacityProblems } from "./node-capacity";
import { NO_FINDINGS, type Findings } from "../findings";

/**
 * Requirements of the component: nodes with GPUs, the weights, an operator with matching CRDs, and a gateway whose pods the
 * component's network policy can admit.
 */
export async function requirementProblems(settings: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    if (settings.conversion === undefined) return [];
    const found = await Promise.all([
        gpuProblems(settings, cluster),
        runtimeProblems(settings.conversion.opt, cluster),
        takenNodes(settings, cluster),
        weightsProblems(settings, cluster),
        operatorProblems(settings, cluster),
        gatewayProblems(settings, cluster),
    ]);
    return found.flat();
}

/**
 * Checks the component during a conversion. Problems stop only a conversion that has not moved Alpa yet. A return goes on,
 * because the broken component may be its reason. With Alpa in the cluster a run goes on too, because it may revoke a
 * credential.
 */
export async function componentOnItsWay(settings: GatewayClusterArgs, cluster: ClusterView): Promise<Findings> {
    if (settings.conversion === undefined) return NO_FINDINGS;
    const { phase, back = false } = settings.conversion;
    const checks = [requirementProblems(settings, cluster), capacityProblems(settings, cluster)];
    const found = (await Promise.all(checks)).flat();
    const isMoved = stateOf(phase).side === "component";
    return back || isMoved ? { problems: [], warnings: found } : { problems: found, warnings: [] };
}

type Opt = NonNullable<GatewayClusterArgs["conversion"]>["opt"];

async function runtimeProblems({ runtimeClass }: Opt, cluster: ClusterView): Promise<string[]> {
    if (runtimeClass === undefined) return [];
    const object = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", name: runtimeClass };
    if ((await cluster.read(object)) !== undefined) return [];
    return [`opt.runtimeClass: RuntimeClass ${runtimeClass} does not exist. Correct the name, or create it.`];
}

/** Rejects nodes of another conversion, since two Ray clusters cannot use the same GPUs. */
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
            `opt.nodes: RayCluster ${space}/${name}${whose ? ` of stack ${whose}` : ""} already uses the GPUs of ${shared.join(", ")}. Choose other nodes, or end the conversion on these nodes first.`,
        ];
    });
}

/** Nodes that the pods of a RayCluster select by name. */
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
    const { weights, nodes } = conversion!.opt;
    const { claim } = weights;
    if (claim === undefined) return [];
    const live = await cluster.read({ apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name: claim });
    const where = `opt.weights.claim: PersistentVolumeClaim ${namespace}/${claim}`;
    if (live === undefined)
        return [`${where} does not exist. Create it with the weights in its volume, or correct the name.`];
    const { accessModes = [] } = (live.spec ?? {}) as { accessModes?: string[] };
    const { phase = "not known" } = live.status ?? {};
    // With WaitForFirstConsumer, an unbound claim gets a new volume when its first pod starts. This volume has no weights.
    if (phase !== "Bound")
        return [
            `${where} is not bound to the volume that holds the weights (phase ${phase}). Find out why: kubectl -n ${namespace} describe pvc ${claim}`,
        ];
    if (nodes.length === 1 || accessModes.some((mode) => mode === "ReadOnlyMany" || mode === "ReadWriteMany"))
        return [];
    return [
        `${where} has access mode ${accessModes.join(", ") || "none"}, but the ${nodes.length} nodes of opt.nodes need ReadOnlyMany or ReadWriteMany. Use another volume, or opt.weights.hostPath.`,
    ];
}

/** Checks the CRDs of KubeRay's operator: Helm and Rampart never update a CRD, and an old CRD silently drops new fields. */
async function operatorProblems({ conversion }: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { opt } = conversion!;
    if (opt.shape !== "kuberay") return [];
    const name = "rayclusters.ray.io";
    const live = await cluster.read(definition(name));
    if (live === undefined) {
        if (opt.operatorChart !== undefined) return [];
        return [
            `opt.operator: existing needs CustomResourceDefinition ${name}. Install KubeRay's operator 1.6 or newer, or set opt.operator to install.`,
        ];
    }
    if (JSON.stringify(live.spec).includes('"upgradeStrategy"')) return [];
    return [
        `CustomResourceDefinition ${name}: lacks the field upgradeStrategy, which KubeRay has since 1.6. Apply the CRDs of a newer operator with kubectl apply --server-side.`,
    ];
}

/** Checks that the pods of an existing gateway are in the namespace whose APISIX pods the component admits. */
async function gatewayProblems({ gateway, conversion }: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { shape, hostNetwork } = conversion!.opt;
    if (gateway.installer !== "existing" || shape !== "kuberay" || hostNetwork) return [];
    const { gatewayNamespace: namespace } = gateway;
    const [[label, value]] = Object.entries(APISIX_PODS.matchLabels);
    const pods = await cluster.list("v1", "Pod", namespace);
    if (pods.some(({ metadata }) => metadata?.labels?.[label] === value)) return [];
    return [
        `gateway.existing.gatewayNamespace: namespace ${namespace} has no APISIX pods (label ${label}=${value}), and Alpa in the cluster admits only requests of those pods. Use a Gateway in the namespace of the APISIX pods.`,
    ];
}
