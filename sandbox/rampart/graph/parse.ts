/**
 * Parses the spec of a graph into components, charts and edges. The webhook validates them, and the controller deploys
 * them.
 * Emulated: petuum/rampart 47a837c, objects/graph.py and component.py. The order of the steps is important if a graph
 * has several faults: the first fault decides whether the graph is rejected with a message or crashes the process.
 */
import { type Chart, kubernetesView, readChart } from "./chart.js";
import { Crash, GraphErrors } from "../errors.js";
import { isMap, repr, sortedEntries } from "../python.js";
import { schemaProblems } from "./schema.js";
import type { GraphObject, InfraSource, Json, JsonObject } from "../types.js";

/** The objects of the cluster that the validation needs. */
export interface World {
    /** Names of all namespaces, including Terminating ones. */
    namespaces: string[];
    /** All RampartGraphs of the cluster. They can include the stored version of the validated graph. */
    graphs: GraphObject[];
    /** Infrastructure that deployed graphs provide, by name. @default none */
    provided?: Record<string, InfraSource>;
}

export interface GraphRef {
    namespace: string;
    name: string;
}

export interface TaskRef extends GraphRef {
    uid: string;
}

type FlowType = "VOLUME" | "PULSAR" | "REPOSITORY";

export interface Flow {
    name: string;
    type: FlowType;
    config: JsonObject;
}

export interface Edge {
    name: string;
    part: "Input" | "Output";
    type: FlowType;
    flowName: string;
    /** The flow that the edge uses; undefined if the graph does not have it. */
    flow?: Flow;
    /** Path with one leading slash and no slash at its end. */
    mountPath?: string;
}

export interface Component {
    name: string;
    namespace: string;
    /**
     * The component's default namespace. The `needs` of other components always use this namespace, even if the
     * component sets a different namespace.
     */
    uid: string;
    body: JsonObject;
    chart: Chart;
    ingressNeeded: boolean;
    edges: Edge[];
    /** helmfile ids of the releases that the component needs. */
    needs: string[];
}

export interface Graph extends GraphRef {
    deploy: boolean;
    components: Component[];
    flows: Flow[];
    /** All charts without duplicates. The auth-aux chart comes first if a component needs it. */
    charts: Chart[];
    aux?: Chart;
}

/** Source of the auth-aux chart: RAMPART_AUX_CHART_REPO, _NAME and _VERSION in the controller's environment. */
export type Environment = Record<string, string | undefined>;

const derivedNamespace = (ref: GraphRef, component: string) => `${ref.namespace}-${ref.name}-${component}`;

export function parseGraph(spec: Json | undefined, ref: GraphRef, world: World, env: Environment = {}): Graph {
    if (spec === undefined) throw new Crash("KeyError: 'spec'");
    const problems = schemaProblems(spec);
    if (problems !== "") throw new GraphErrors("validation", [problems]);

    const { graph, deploy } = spec as { graph: Record<string, JsonObject>; deploy?: boolean };
    const flows = sortedEntries(graph["flows"] as Record<string, JsonObject>).map(readFlow);
    const bodies = sortedEntries(graph["components"] as Record<string, JsonObject>);
    const charts = new Map<string, Chart>();
    let aux: Chart | undefined;
    if (bodies.some(([, body]) => body["ingressNeeded"] === true)) {
        aux = readChart({
            repo: env["RAMPART_AUX_CHART_REPO"] ?? "rampart-repo",
            name: env["RAMPART_AUX_CHART_NAME"] ?? "auth-aux",
            version: env["RAMPART_AUX_CHART_VERSION"] ?? "latest",
        });
        charts.set("auth-aux", aux);
    }
    const components = bodies.map(([name, body]): Component => {
        const uid = derivedNamespace(ref, kubernetesView(name));
        const key = JSON.stringify(body["chart"] ?? null);
        const chart = charts.get(key) ?? readChart(body["chart"]);
        charts.set(key, chart);
        return {
            name,
            namespace: kubernetesView((body["namespace"] as string | undefined) ?? uid),
            uid,
            body,
            chart,
            ingressNeeded: body["ingressNeeded"] === true,
            edges: [...readEdges(body, "Input", flows), ...readEdges(body, "Output", flows)],
            needs: [],
        };
    });
    resolve(components, takenNamespaces(ref, world));
    return { ...ref, deploy: deploy ?? true, components, flows, charts: [...charts.values()], ...(aux ? { aux } : {}) };
}

function readFlow([name, flow]: [string, JsonObject]): Flow {
    const type = (flow["type"] as string).toUpperCase() as FlowType;
    return { name, type, config: (flow["config"] ?? {}) as JsonObject };
}

function readEdges(body: JsonObject, part: Edge["part"], flows: Flow[]): Edge[] {
    const ports = body[part === "Input" ? "inputs" : "outputs"] as Record<string, JsonObject>;
    return sortedEntries(ports).map(([name, port]): Edge => {
        const type = (port["type"] as string).toUpperCase();
        // The patterns of the schema are not anchored, so "xvolume" passes the schema. The real program then looks up
        // the exact type and crashes.
        if (!["VOLUME", "PULSAR", "REPOSITORY"].includes(type)) throw new Crash(`KeyError: ${repr(type)}`);
        const flowName = port["flow"] as string;
        const flow = flows.find((f) => f.name === flowName);
        if (type === "REPOSITORY" && flow?.type !== "REPOSITORY") {
            const found = flow === undefined ? "NoneType" : flow.type === "VOLUME" ? "PVFlow" : "PulsarFlow";
            throw new Crash(`AttributeError: '${found}' object has no attribute '_repo_origin_mount_path'`);
        }
        const mountPath = isMap(port["config"]) && type !== "PULSAR" ? (port["config"]["mountPath"] as string) : "";
        return {
            name,
            part,
            type: type as FlowType,
            flowName,
            ...(flow ? { flow } : {}),
            ...(mountPath ? { mountPath: `/${mountPath.replace(/^[/ ]+|[/ ]+$/g, "")}` } : {}),
        };
    });
}

/** Namespaces that a graph must not use: all existing ones, even if Terminating, except those of its own stored components. */
function takenNamespaces(ref: GraphRef, world: World): Set<string> {
    const taken = new Set(world.namespaces);
    for (const other of world.graphs) {
        const { namespace, name } = other.metadata;
        const own = name === ref.name && namespace === ref.namespace;
        const graph = isMap(other.spec) ? other.spec["graph"] : undefined;
        if (!isMap(graph) || !isMap(graph["components"])) {
            const key = !isMap(other.spec) ? "spec" : !isMap(graph) ? "graph" : "components";
            throw new Crash(`KeyError: '${key}'`);
        }
        for (const [component, body] of sortedEntries(graph["components"])) {
            const custom = isMap(body) ? body["namespace"] : undefined;
            const used = typeof custom === "string" ? custom : derivedNamespace({ namespace, name }, component);
            if (own) taken.delete(used);
            else taken.add(used);
        }
    }
    return taken;
}

function resolve(components: Component[], taken: Set<string>): void {
    const errors: string[] = [];
    // As in the real code, `needed` is not reset between components. If a need does not exist, the component that was
    // found last is added instead. If no component was found yet, the process crashes.
    let needed: Component | undefined;
    for (const component of components) {
        if (taken.has(component.namespace)) errors.push(`Namespace ${component.namespace} already exists.`);
        for (const need of (component.body["needs"] ?? []) as string[]) {
            const found = components.find((c) => c.name === kubernetesView(need));
            if (found === undefined) errors.push(`Component ${need} needed by ${component.name} does not exist.`);
            else needed = found;
            if (needed === undefined) {
                const text = "local variable 'needed_component' referenced before assignment";
                throw new Crash(`UnboundLocalError: ${text}`);
            }
            component.needs.push(`${needed.uid}/component`);
        }
    }
    if (errors.length > 0) throw new GraphErrors("validation", errors);
}
