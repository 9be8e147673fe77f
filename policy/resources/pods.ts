/** Pods of a resource, with their containers and images. */
import { kindOf, type Resource } from "./resource";
import { at, list, map, type Tree } from "./values";

/** Digest at the end of an image reference, which always selects the same content. */
export const DIGEST = /@sha256:[0-9a-f]{64}$/;

/** Pod specs of a resource, each with its path. */
export function podsOf(resource: Resource): { where: string; spec: Tree }[] {
    const kind = kindOf(resource).replace(/Patch$/, "");
    const { props } = resource;
    const found = (where: string) => {
        const spec = at(props, where);
        return typeof spec === "object" && spec !== null ? [{ where, spec: spec as Tree }] : [];
    };
    if (kind === "Pod") return found("spec");
    if (kind === "CronJob") return found("spec.jobTemplate.spec.template.spec");
    const groups = RAY_CLUSTERS[kind];
    if (groups === undefined) return PODS_BY_TEMPLATE.includes(kind) ? found("spec.template.spec") : [];
    const workers = list(at(props, `${groups}.workerGroupSpecs`));
    return [
        ...found(`${groups}.headGroupSpec.template.spec`),
        ...workers.flatMap((_, i) => found(`${groups}.workerGroupSpecs.${i}.template.spec`)),
    ];
}

const PODS_BY_TEMPLATE = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"];
/** Path of the cluster spec in each kind of KubeRay. */
export const RAY_CLUSTERS: Record<string, string> = {
    RayCluster: "spec",
    RayService: "spec.rayClusterConfig",
    RayJob: "spec.rayClusterSpec",
};

/** Containers and init containers of a pod, with their paths. */
export function containersOf(spec: Tree, where: string): { where: string; container: Tree }[] {
    return ["initContainers", "containers"].flatMap((field) =>
        list(spec[field]).map((container, i) => ({ where: `${where}.${field}[${i}]`, container: map(container) })),
    );
}

/** Images of the containers of a resource, each with its path. */
export function podImages(resource: Resource): { where: string; image: unknown }[] {
    return podsOf(resource)
        .flatMap(({ spec, where }) => containersOf(spec, where))
        .map(({ where, container: { image } }) => ({ where: `${where}.image`, image }));
}
