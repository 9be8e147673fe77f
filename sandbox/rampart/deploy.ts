/** Deploys the components of a graph, each as a Helm release in a namespace of its own, and removes them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Component, Graph, GraphStatus } from "./graph.js";
import { type Helm, HelmError } from "./helm.js";
import { ApiError } from "./kubernetes/api.js";
import type { Rest } from "./kubernetes/rest.js";

export interface Tools {
    rest: Pick<Rest, "call" | "find" | "watch">;
    helm: Pick<Helm, "showChart" | "install" | "uninstall">;
    log: (line: string) => void;
}

/** A failure that Rampart reports in the status of a graph. */
export class GraphError extends Error {
    constructor(
        readonly reason: NonNullable<GraphStatus["reason"]>,
        errors: string[],
    ) {
        const during = reason === "GraphValidationError" ? "validation" : "deployment";
        // "occured" is the real program's spelling.
        super(`The following errors occured during ${during}:\n${errors.map((text) => `${text}\n\n`).join("")}`);
    }
}

/** Annotation of Rampart's own charts. */
const ANNOTATION = "petuum.com/rampartComponent";
/** Annotation of a namespace with the namespace of its graph, as the hierarchical namespace controller sets it. */
const PARENT = "hnc.x-k8s.io/subnamespace-of";
/** Longest wait until an old namespace of the same name is deleted, in seconds. */
const TERMINATION_SECONDS = 60;
/** Invented environment of the controller. The real messages quote it: tests check that this password is never shown. */
const ENVIRONMENT = "{'HOME': '/root', 'RAMPART_REGISTRY_PASSWORD': 'sandbox-canary-never-print-this'}";

export const namespacesOf = (graph: Graph) => graph.components.map(({ namespace }) => namespace);

/** @param began called when the charts are checked, before anything is changed */
export async function deploy(tools: Tools, graph: Graph, signal: AbortSignal, began: () => Promise<void>) {
    const checked = graph.components.map(({ chart }) => checkChart(tools, chart, signal));
    throwAll("GraphValidationError", await Promise.allSettled(checked), signal);
    await began();
    if (!graph.deploy) return teardown(tools, graph, namespacesOf(graph));
    const created = namespacesOf(graph).map((name) => createNamespace(tools, graph, name, signal));
    throwAll("GraphDeploymentError", await Promise.allSettled(created), signal);
    for (const layer of layersOf(graph.components)) {
        const installed = layer.map((component) => install(tools, graph, component, signal));
        throwAll("GraphDeploymentError", await Promise.allSettled(installed), signal);
    }
}

function throwAll(reason: GraphError["reason"], results: PromiseSettledResult<void>[], signal: AbortSignal): void {
    signal.throwIfAborted();
    const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
    if (errors.length > 0) throw new GraphError(reason, [...new Set(errors.map(({ message }) => message))]);
}

async function checkChart({ helm }: Tools, chart: Component["chart"], signal: AbortSignal): Promise<void> {
    if (!/^https?:/.test(chart.repo))
        throw new Error(`Secret ${chart.repo}: a chart repository in a Secret is unsupported by the sandbox`);
    const text = await helm.showChart(chart, signal).catch((error: Error) => {
        throw new Error(`Failed to get chart descriptions for ${chart.name} ${chart.version}\n${error.message}`);
    });
    if (text.includes(ANNOTATION)) throw new Error(`${chart.name}: ${ANNOTATION} is unsupported by the sandbox`);
}

interface Namespace {
    metadata: { annotations?: Record<string, string> };
    status?: { phase?: string };
}

async function createNamespace({ rest }: Tools, graph: Graph, name: string, signal: AbortSignal): Promise<void> {
    const end = performance.now() + TERMINATION_SECONDS * 1000;
    const look = () => rest.find<Namespace>(`/api/v1/namespaces/${name}`);
    let found = await look();
    while (found?.status?.phase === "Terminating") {
        if (performance.now() > end) throw new Error(`Timed out waiting for namespace ${name} to terminate.`);
        await sleep(1000, undefined, { signal });
        found = await look();
    }
    if (found && found.metadata.annotations?.[PARENT] !== graph.namespace)
        throw new Error(`Namespace '${name}' already exists and is not created by Rampart.`);
    signal.throwIfAborted();
    const labels = { "controlled-by-rampart": "true" };
    const metadata = { name, annotations: { [PARENT]: graph.namespace }, labels };
    if (!found) await rest.call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
}

/** Components in layers: each is installed after those that it needs. */
function layersOf(components: Component[]): Component[][] {
    const layers: Component[][] = [];
    const done = new Set<string>();
    let rest = components;
    while (rest.length > 0) {
        const layer = rest.filter(({ needs }) => needs.every((need) => done.has(need)));
        if (layer.length === 0)
            throw new GraphError("GraphDeploymentError", [
                `cycle detected in needs of ${rest.map(({ name }) => name).join(", ")}`,
            ]);
        for (const { name } of layer) done.add(name);
        rest = rest.filter((component) => !layer.includes(component));
        layers.push(layer);
    }
    return layers;
}

async function install({ helm }: Tools, graph: Graph, component: Component, signal: AbortSignal): Promise<void> {
    const { namespace, name: graphName } = graph;
    const rampart = {
        ...{ inputs: {}, outputs: {}, graphName, namespace, registry: "" },
        URLPrefix: `/${namespace}/${graphName}/${component.name}`,
    };
    const values = { ...component.config, rampart, global: { ...(component.config.global as object), rampart } };
    await helm.install(component, values, signal).catch((error: Error) => {
        if (!(error instanceof HelmError)) throw error;
        throw new Error(
            `Deployment failed running (('helmfile', 'sync'), {'env': ${ENVIRONMENT}, 'stdout': -1, 'stderr': -1}): error code 1\n` +
                `stdout:\n\n\nstderr:\nfailed processing release component: ${error.message}`,
        );
    });
}

/** Uninstalls the components of all namespaces in parallel, then deletes the namespaces. Failures are logged and ignored. */
export async function teardown({ rest, helm, log }: Tools, graph: Graph, namespaces: string[]): Promise<void> {
    const ignore = (error: Error) => log(`Rampart: failure ignored: ${error.message}`);
    await Promise.all(namespaces.map((name) => helm.uninstall(name).catch(ignore)));
    for (const name of namespaces) {
        const path = `/api/v1/namespaces/${name}`;
        const found = await rest.find<Namespace>(path);
        if (found?.metadata.annotations?.[PARENT] !== graph.namespace) continue;
        await rest.call("DELETE", path).catch((error: unknown) => {
            if (!(error instanceof ApiError)) throw error;
        });
    }
}
