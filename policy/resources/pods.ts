/** Pods of a resource, with their containers and images. */
import { kindOf, type Resource } from "./resource";
import { at, list, map, type Tree } from "./values";

/** Digest at the end of an image reference, which always selects the same content. */
export const DIGEST = /@sha256:[0-9a-f]{64}$/;

/** Pod specs of a resource, each with its path. */
export function podsOf(resource: Resource): { where: string; spec: Tree }[] {
    const places = kindOf(resource) === "Pod" ? ["spec"] : podTemplates(resource).map((where) => `${where}.spec`);
    return places.map((where) => ({ where, spec: map(at(resource.props, where)) }));
}

/** Paths of the pod templates of a resource. */
export function podTemplates(resource: Resource): string[] {
    const kind = kindOf(resource).replace(/Patch$/, "");
    if (kind === "CronJob") return ["spec.jobTemplate.spec.template"];
    if (kind !== "RayCluster") return PODS_BY_TEMPLATE.includes(kind) ? ["spec.template"] : [];
    const workers = list(at(resource.props, "spec.workerGroupSpecs"));
    return ["spec.headGroupSpec.template", ...workers.map((_, i) => `spec.workerGroupSpecs.${i}.template`)];
}

const PODS_BY_TEMPLATE = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"];

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

const PROBES = ["readinessProbe", "livenessProbe", "startupProbe", "lifecycle.preStop", "lifecycle.postStart"];

/** Everything that a container runs: its command with its arguments, its probes and its hooks. */
export function execsOf(container: Tree): unknown[][] {
    const main = [...list(container.command), ...list(container.args)];
    return [main, ...PROBES.map((probe) => list(at(container, `${probe}.exec.command`)))].filter(
        (words) => words.length > 0,
    );
}
