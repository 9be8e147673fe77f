/** RampartGraphs (petuum/rampart 47a837c), with the fields that the product sets. */
import * as z from "zod";

const GROUP = "rampart.petuum.com";
const VERSION = "v1beta2";
export const GRAPHS = `/apis/${GROUP}/${VERSION}/rampartgraphs`;
export const FINALIZER = `${GROUP}/graph`;

const ANYTHING = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** The definition of RampartGraph. The webhook checks the spec. */
export const GRAPH_CRD = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `rampartgraphs.${GROUP}` },
    spec: {
        group: GROUP,
        scope: "Namespaced",
        names: {
            kind: "RampartGraph",
            plural: "rampartgraphs",
            singular: "rampartgraph",
            listKind: "RampartGraphList",
        },
        versions: [
            {
                name: VERSION,
                served: true,
                storage: true,
                subresources: { status: {} },
                schema: { openAPIV3Schema: { type: "object", properties: { spec: ANYTHING, status: ANYTHING } } },
                additionalPrinterColumns: [
                    { name: "Phase", type: "string", jsonPath: ".status.phase" },
                    { name: "Reason", type: "string", jsonPath: ".status.reason" },
                    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
                ],
            },
        ],
    },
};

export interface GraphRef {
    namespace: string;
    name: string;
}

/** There are no conditions. All fields are unset before the controller's first pass. */
export interface GraphStatus {
    phase?: "Deploying" | "Deployed" | "Failed" | "Undeploying" | "Undeployed" | "Deleting";
    reason?: "GraphValidationError" | "GraphDeploymentError";
    messages?: string;
    observedGeneration?: number;
    componentNamespaces?: string[];
}

export interface GraphObject {
    metadata: GraphRef & { uid: string; generation: number; finalizers?: string[]; deletionTimestamp?: string };
    spec: unknown;
    status?: GraphStatus;
}

const NAME = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const none = (what: string) => z.strictObject({}, `must be {}, because ${what} are unsupported by the sandbox`);
const COMPONENT = z.strictObject({
    chart: z.strictObject({
        repo: z.string(),
        name: z.string(),
        version: z.string().regex(/^\d+\.\d+\.\d+([-+].+)?$/, "only an exact version is supported by the sandbox"),
    }),
    config: z.record(z.string(), z.unknown()),
    inputs: none("inputs"),
    outputs: none("outputs"),
    type: z.string().optional(),
    needs: z.array(NAME).default([]),
    $ui: z.unknown().optional(),
});
const SPEC = z.strictObject({
    deploy: z.boolean().default(true),
    graph: z.strictObject({ flows: none("flows"), components: z.record(NAME, COMPONENT) }),
});

export interface Component extends Pick<z.infer<typeof COMPONENT>, "chart" | "config" | "needs"> {
    name: string;
    namespace: string;
}

export interface Graph extends GraphRef {
    deploy: boolean;
    components: Component[];
}

/** @throws Error that names each wrong or unsupported field */
export function parseGraph({ metadata, spec }: Pick<GraphObject, "metadata" | "spec">): Graph {
    const { data, error } = SPEC.safeParse(spec);
    if (error) throw new Error(`unsupported by the sandbox, or wrong:\n${z.prettifyError(error)}`);
    const { namespace, name } = metadata;
    const components = Object.entries(data.graph.components).map(([component, { chart, config, needs }]) => ({
        ...{ name: component, namespace: `${namespace}-${name}-${component}` },
        ...{ chart, config, needs },
    }));
    return { namespace, name, deploy: data.deploy, components };
}

/**
 * Why the webhook rejects a graph; "" if it accepts the graph.
 * @param namespaces names of all namespaces, including Terminating ones
 * @param graphs all graphs, including the stored version of this one
 */
export function problemsOf(object: GraphObject, namespaces: string[], graphs: GraphObject[]): string {
    let graph: Graph;
    try {
        graph = parseGraph(object);
    } catch (error) {
        return (error as Error).message;
    }
    const taken = new Set(namespaces);
    for (const other of graphs.map(parseGraph)) {
        const own = other.name === graph.name && other.namespace === graph.namespace;
        for (const { namespace } of other.components)
            if (own) taken.delete(namespace);
            else taken.add(namespace);
    }
    return graph.components
        .flatMap(({ name, namespace, needs }) => [
            ...(taken.has(namespace) ? [`Namespace ${namespace} already exists.`] : []),
            ...needs
                .filter((need) => !graph.components.some((other) => other.name === need))
                .map((need) => `Component ${need} needed by ${name} does not exist.`),
        ])
        .join("\n");
}
