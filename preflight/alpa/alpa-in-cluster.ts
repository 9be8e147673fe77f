import type { GatewayClusterArgs } from "../../components/gateway-args";
import { stateOf } from "../../components/opt/conversion-phases";
import { problem, warning, type Finding } from "../findings";
import type { ClusterView } from "../kubernetes/cluster";
import { CORRECT_NAME, definition, missingObjects, type Required } from "../kubernetes/required";
import { nodeProblems } from "./node-resources";

/**
 * Checks the nodes, the weights and the objects that the component requires. Problems stop only a conversion that has not
 * moved Alpa yet. A return goes on, because the broken component may be its reason. With Alpa in the cluster a run goes on
 * too, because it may revoke a credential.
 */
export async function componentFindings(settings: GatewayClusterArgs, cluster: ClusterView): Promise<Finding[]> {
    const { namespace, conversion } = settings;
    if (conversion === undefined) return [];
    const [nodes, weights, missing] = await Promise.all([
        nodeProblems(settings, cluster),
        weightsProblems(namespace, conversion.opt, cluster),
        missingObjects(requiredBy(conversion.opt), cluster),
    ]);
    const texts = [...nodes, ...weights, ...missing.map(({ text }) => text)];
    const goesOn = conversion.back === true || stateOf(conversion.phase).side === "component";
    return texts.map(goesOn ? warning : problem);
}

type Opt = NonNullable<GatewayClusterArgs["conversion"]>["opt"];

function requiredBy(opt: Opt): Required[] {
    const required: Required[] = [];
    if (opt.runtimeClass !== undefined) {
        const object = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", name: opt.runtimeClass };
        required.push({ where: "opt.runtimeClass", object, cure: CORRECT_NAME });
    }
    if (opt.shape === "kuberay" && opt.operatorChart === undefined) {
        const cure = "Install KubeRay's operator 1.6 or newer, or set opt.operator to install.";
        required.push({ where: "opt.operator", object: definition("rayclusters.ray.io"), cure });
    }
    return required;
}

async function weightsProblems(namespace: string, { weights, nodes }: Opt, cluster: ClusterView): Promise<string[]> {
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
