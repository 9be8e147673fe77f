/** Charts that a resource installs, with their values. */
import { kindOf, type Resource } from "./resource";
import { at, map, textOf, type Tree } from "./values";

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
    if (type.startsWith("kubernetes:helm.sh/")) return [released(props)];
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

const released = ({ chart, version, namespace, values, repositoryOpts }: Tree): Chart => ({
    name: nameOf(chart),
    repository: at(repositoryOpts, "repo"),
    version: version ?? FILE.exec(textOf(chart))?.[1],
    values: map(values),
    where: "values",
    namespace: typeof namespace === "string" ? namespace : undefined,
});

/** File name of a chart, which ends with the version. */
const FILE = /-v?(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)\.tgz$/;

/** Name of a chart. A mirror may have renamed the chart of APISIX. @param chart a name, or the path or URL of a chart or file */
function nameOf(chart: unknown): string {
    const name = textOf(chart).replace(FILE, "").replace(/\/+$/, "").split("/").pop()!;
    return /apisix(?!-(ingress-controller|dashboard)$)/i.test(name) ? "apisix" : name;
}

/** Charts of a resource that install APISIX. */
export const apisixCharts = (resource: Resource) => chartsOf(resource).filter(({ name }) => name === "apisix");

/** Namespaces of the gateways that these resources install; undefined for a release whose namespace is not known. */
export const gatewayNamespaces = (resources: Resource[]) =>
    resources.flatMap((resource) => apisixCharts(resource).map(({ namespace }) => namespace));
