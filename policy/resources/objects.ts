import { at, kindOf, list, map, UNKNOWN, type Resource, type Tree } from "./resource";

/** A chart that a resource has installed, with its values. */
export interface Chart {
    name: string;
    repository: unknown;
    version: unknown;
    values: Tree;
    /** Path of the values in the resource, for messages. */
    where: string;
    /** Namespace of the chart; undefined if it is not known yet. */
    namespace: string | undefined;
}

/** Charts of a Helm release, or of a graph of Rampart. */
export function chartsOf(resource: Resource): Chart[] {
    const { props, type } = resource;
    if (/^kubernetes:helm\.sh\/v\d+:(Release|Chart)$/.test(type)) return [released(props)];
    if (kindOf(resource) !== "RampartGraph") return [];
    return Object.entries(map(at(props, "spec.graph.components"))).map(([name, component]) => {
        const base = [at(props, "metadata.namespace"), at(props, "metadata.name"), name];
        return {
            name: nameOf(at(component, "chart.name")),
            repository: at(component, "chart.repo"),
            version: at(component, "chart.version"),
            values: map(at(component, "config")),
            where: `spec.graph.components.${name}.config`,
            // Rampart creates the namespace <graph's namespace>-<graph>-<component>.
            namespace: base.every((part) => typeof part === "string") ? base.join("-") : undefined,
        };
    });
}

function released(props: Tree): Chart {
    const { chart, version, namespace, values, repositoryOpts } = props;
    return {
        name: nameOf(chart),
        repository: at(repositoryOpts, "repo"),
        version: version ?? FILE.exec(textOf(chart))?.[1],
        values: map(values),
        where: "values",
        namespace: typeof namespace === "string" ? namespace : undefined,
    };
}

/** Returns the value if it is a text, otherwise an empty text. */
export const textOf = (value: unknown) => (typeof value === "string" ? value : "");

/** File name of a chart, which ends with the version. */
const FILE = /-v?(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)\.tgz$/;

/** Name of a chart. @param chart a name, or the path or URL of a chart or of a chart file */
function nameOf(chart: unknown): string {
    return textOf(chart).replace(FILE, "").replace(/\/+$/, "").split("/").pop()!;
}

/** Whether a chart is that of APISIX, which a mirror may have renamed. */
export const isApisix = (chart: string) =>
    /apisix/i.test(chart) && !/apisix-(ingress-controller|dashboard)$/i.test(chart);
/** Charts of a resource that install APISIX. */
export const apisixCharts = (resource: Resource) => chartsOf(resource).filter(({ name }) => isApisix(name));

/** Namespaces of the gateways that these resources install; undefined for a release without a namespace. */
export const gatewayNamespaces = (resources: Resource[]) =>
    resources.flatMap((resource) => apisixCharts(resource).map(({ namespace }) => namespace));

/**
 * The images in values of APISIX's chart, each with its path. The image of etcd is included only if the chart installs etcd.
 */
export function chartImages(values: Chart["values"]): { image: string; tag: unknown; digest: unknown }[] {
    return ["image", "etcd.image"]
        .filter((image) => image !== "etcd.image" || ![false, UNKNOWN].includes(at(values, "etcd.enabled") as never))
        .map((image) => {
            const { tag, digest } = map(at(values, image));
            return { image, tag, digest };
        });
}

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

/** Namespace and name of a Kubernetes object, as far as they are known. */
export function objectName({ props }: Resource): { namespace?: string; name?: string } {
    const { namespace, name } = map(props.metadata);
    return Object.fromEntries(
        Object.entries({ namespace, name }).filter(([, value]) => value !== UNKNOWN && value !== undefined),
    );
}
