/**
 * Validates graphs as Rampart's admission webhook does.
 * Emulated: petuum/rampart 47a837c, validator.py with all objects/*.py, as recorded with a real API server.
 * Unsupported: the answer "Timeout waiting for another graph to validate" (it would need a wait of 10 s for a lock).
 */
import { kubernetesView, schemeOf } from "./chart.js";
import { collect, Crash, GraphErrors } from "../errors.js";
import { type Component, type Edge, type Flow, type Graph, parseGraph, type World } from "./parse.js";
import { repr } from "../python.js";
import type { GraphObject, JsonObject } from "../types.js";

export type { World } from "./parse.js";

type Verdict = { allowed: true } | { allowed: false; message: string } | { crash: string };

/**
 * Validates a graph on CREATE and UPDATE as the webhook does. If the result has `crash`, the webhook answers HTTP 500.
 */
export function validateGraph(graph: GraphObject, world: World): Verdict {
    // A graph that is being deleted is always allowed: otherwise an invalid graph could not be deleted.
    if (graph.metadata.deletionTimestamp !== undefined) return { allowed: true };
    try {
        const { namespace, name } = graph.metadata;
        const generated = (graph.metadata as { generateName?: string }).generateName;
        const known = name ?? generated;
        if (known === undefined) return { allowed: false, message: "No name found" };
        const ref = { namespace: namespace ?? "default", name: known };
        checkGraph(parseGraph(toV1beta2(graph).spec, ref, world), world);
        return { allowed: true };
    } catch (error) {
        if (error instanceof Crash) return { crash: error.message };
        if (error instanceof GraphErrors) return { allowed: false, message: error.errors.join("\n") };
        throw error;
    }
}

/** The conversion webhook: a v1beta1 object becomes v1beta2 with `deploy: true`, even if it has another value of `deploy`. */
export function toV1beta2(graph: GraphObject): GraphObject {
    if (!graph.apiVersion.endsWith("/v1beta1")) return graph;
    if (graph.spec === undefined) throw new Crash("KeyError: 'spec'");
    return {
        ...graph,
        apiVersion: "rampart.petuum.com/v1beta2",
        spec: { ...(graph.spec as JsonObject), deploy: true },
    };
}

/**
 * Checks a parsed graph without reading charts: first the components, then the flows, then everything else. The errors of the
 * first step that fails are thrown together.
 */
export function checkGraph(graph: Graph, world: World): void {
    throwAny(graph.components.map((component) => attempt(() => checkComponent(component, world))));
    throwAny(graph.flows.map((flow) => attempt(() => checkFlow(flow, world))));
    const errors = nameProblems(graph);
    if (errors.length > 0) throw new GraphErrors("validation", errors);
}

export function attempt(check: () => void): unknown {
    try {
        check();
        return undefined;
    } catch (error) {
        if (error instanceof GraphErrors) return error;
        throw error;
    }
}

export function throwAny(results: unknown[]): void {
    const errors = collect(
        "validation",
        results.filter((result) => result !== undefined),
    );
    if (errors !== undefined) throw errors;
}

/**
 * @param edgeProblem compares an edge with the chart's declaration. Unset in the webhook, which reads no charts
 */
export function checkComponent(component: Component, world: World, edgeProblem?: (edge: Edge) => string[]): void {
    if (component.name === "rampart-flows") {
        throw new GraphErrors("validation", ["'rampart-flows' is not allowed as a component name"]);
    }
    const errors = component.edges.flatMap((edge) => [
        ...(edgeProblem?.(edge) ?? []),
        ...edgeFlowProblems(edge, world),
    ]);
    const seen = new Map<string, string>();
    for (const { name } of component.edges) {
        const other = seen.get(kubernetesView(name));
        if (other !== undefined) errors.push(`Edge name ${name} overlaps with another edge name ${other}.`);
        else seen.set(kubernetesView(name), name);
    }
    const mounts = component.edges.flatMap((edge) => edge.mountPath ?? []);
    if (hasSharedPrefix(mounts)) {
        errors.push(`Volume input and output paths cannot be prefixes of another: ${repr(mounts)}`);
    }
    if (errors.length > 0) throw new GraphErrors("validation", errors);
}

function edgeFlowProblems({ part, name, type, flow, flowName }: Edge, world: World): string[] {
    if (flow === undefined) return [`${part} ${name} with type ${type} uses flow ${flowName} which does not exist`];
    if (flow.type !== type) return [`${part} ${name} with type ${type} does not match flow type ${flow.type}`];
    const found = attempt(() => checkFlow(flow, world));
    return found instanceof GraphErrors ? found.errors : [];
}

export function checkFlow({ name, type, config }: Flow, world: World): void {
    if (type === "PULSAR" && world.provided?.["pulsar"] === undefined) {
        throw new GraphErrors("validation", ["Pulsar service inaccessible. Ensure pulsar dependency is installed."]);
    }
    const errors: string[] = [];
    // Only a name with a final line break can fail here: the schema has rejected every other invalid name.
    if (!/^[a-zA-Z0-9_-]*$/.test(name) || name.endsWith("\n")) {
        errors.push(`Invalid flow: ${name}. Use alphanumeric, underscore, and dash only`);
    }
    if (type === "REPOSITORY" && config["kind"] === "dvc")
        errors.push(...dvcProblems(config as Record<string, string>));
    if (errors.length > 0) throw new GraphErrors("validation", errors);
}

function dvcProblems({ remote, storageRemote, storageSecret, storageSecretType }: Record<string, string>): string[] {
    const errors: string[] = [];
    if (remote && !storageRemote && storageSecret && !storageSecretType) {
        errors.push("storageSecretType is required when storageRemote is not provided.");
    }
    if (storageRemote && schemeOf(storageRemote) !== "s3")
        errors.push(`DVC remote: ${storageRemote} is not supported.`);
    return errors;
}

export function nameProblems(graph: Graph): string[] {
    const errors: string[] = [];
    const namespaces = new Map<string, string>();
    const names = new Map<string, string>();
    for (const { name, namespace } of graph.components) {
        const other = namespaces.get(namespace);
        if (other !== undefined) {
            errors.push(`components '${name}' and '${other}' have an overlapping namespace '${namespace}'`);
        } else namespaces.set(namespace, name);
        names.set(kubernetesView(name), name);
    }
    for (const { name } of graph.flows) {
        const other = names.get(kubernetesView(name));
        if (other !== undefined) errors.push(`Flow name ${name} overlaps with component or flow name ${other}.`);
        else names.set(kubernetesView(name), name);
    }
    return errors;
}

/**
 * Whether one path is inside a second path or equal to it. Whole segments are compared: /data/a is inside /data, but
 * /data2 is not.
 */
function hasSharedPrefix(paths: string[]): boolean {
    const split = paths.map((path) => path.replace(/\/+$/, "").split("/"));
    return split.some((a, i) => split.some((b, j) => i !== j && a.every((segment, k) => segment === b[k])));
}
