import { ApiError, type Endpoint, type GraphApi, type Namespace } from "../../../rampart/kubernetes/api.js";
import { ANCHOR_FINALIZER, nextActions } from "../../../rampart/kubernetes/hnc.js";
import type { GraphRef } from "../../../rampart/graph/parse.js";
import type { GraphObject, GraphStatus, InfraSource, JsonObject } from "../../../rampart/types.js";
import { SUBNAMESPACE_ANNOTATION } from "../../../rampart/types.js";
import { validateGraph } from "../../../rampart/graph/validator.js";
import type { VirtualClock } from "./virtual-clock.js";

/** One version of a Rampart graph, as a watch returns it. */
export interface State {
    event: "ADDED" | "MODIFIED" | "DELETED";
    generation: number;
    deleting: boolean;
    finalizers: string[];
    status: GraphStatus | null;
}

export interface Answer {
    httpStatus: number;
    message?: string;
}

interface AnchorRecord {
    metadata: { name: string; namespace: string; deletionTimestamp?: string; finalizers: string[] };
}

const copy = <T>(value: T): T => structuredClone(value);
const key = (ref: GraphRef) => `${ref.namespace}/${ref.name}`;

/** Pause of HNC between two checks. */
const HNC_SECONDS = 0.5;

/** API server, namespace controller and HNC in memory, with the rules that affect Rampart's controller. */
export class MemoryCluster implements GraphApi {
    readonly states = new Map<string, State[]>();
    readonly secrets = new Map<string, Record<string, string>>();
    /** Namespaces that cannot be deleted. */
    readonly stuck = new Set<string>();
    webhookOn = true;
    readonly namespaces = new Map<string, Namespace>();
    readonly anchors = new Map<string, AnchorRecord>();
    private readonly graphs = new Map<string, GraphObject>();
    private readonly infras = new Map<string, { provides: string[]; status: string }>();
    private readonly watchers = new Set<(graph: GraphObject) => void>();
    private readonly hierarchies = new Set<string>();
    private version = 0;

    constructor(private readonly clock: VirtualClock) {
        for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) this.addNamespace(name, {});
        void this.emulateHnc();
    }

    // --- actions of users

    create(graph: GraphObject): Answer {
        const refused = this.admit(graph);
        if (refused) return refused;
        const uid = `uid-${++this.version}`;
        const stored = copy({ ...graph, metadata: { ...graph.metadata, uid, generation: 1 } });
        this.store(stored, "ADDED");
        return { httpStatus: 201 };
    }

    /** Applies a change. A changed spec increments the generation. If nothing changes, no new version is stored. */
    update(ref: GraphRef, change: (graph: GraphObject) => void): Answer {
        const before = this.graphs.get(key(ref)) as GraphObject;
        const after = copy(before);
        change(after);
        const refused = this.admit(after);
        if (refused) return refused;
        this.write(before, after);
        return { httpStatus: 200 };
    }

    delete(ref: GraphRef): Answer {
        const graph = this.graphs.get(key(ref)) as GraphObject;
        if (!graph.metadata.finalizers?.length) this.remove(graph);
        else {
            const metadata = { ...graph.metadata, deletionTimestamp: "now" };
            metadata.generation = (graph.metadata.generation as number) + 1;
            this.store({ ...graph, metadata }, "MODIFIED");
        }
        return { httpStatus: 200 };
    }

    statesOf(name: string): State[] {
        return this.states.get(`default/${name}`) ?? [];
    }

    last(name: string): State | undefined {
        return this.statesOf(name).at(-1);
    }

    private admit(graph: GraphObject): Answer | undefined {
        if (!this.webhookOn) return undefined;
        const world = { namespaces: [...this.namespaces.keys()], graphs: [...this.graphs.values()] };
        const verdict = validateGraph(graph, world);
        if ("crash" in verdict) return { httpStatus: 500 };
        if (verdict.allowed) return undefined;
        const message = `admission webhook "validator.rampart.petuum.com" denied the request: ${verdict.message}`;
        return { httpStatus: 403, message };
    }

    private write(before: GraphObject, after: GraphObject): void {
        if (JSON.stringify(before) === JSON.stringify(after)) return;
        if (JSON.stringify(before.spec) !== JSON.stringify(after.spec)) {
            after.metadata.generation = (before.metadata.generation as number) + 1;
        }
        this.store(after, "MODIFIED");
    }

    private store(graph: GraphObject, event: State["event"]): void {
        graph.metadata.resourceVersion = String(++this.version);
        this.graphs.set(key(graph.metadata), graph);
        this.show(graph, event);
    }

    private remove(graph: GraphObject): void {
        this.graphs.delete(key(graph.metadata));
        this.infras.delete(key(graph.metadata));
        this.show(graph, "DELETED");
    }

    private show(graph: GraphObject, event: State["event"]): void {
        const states = this.states.get(key(graph.metadata)) ?? [];
        this.states.set(key(graph.metadata), states);
        const { generation, deletionTimestamp, finalizers } = graph.metadata;
        const deleting = deletionTimestamp !== undefined;
        const status = graph.status ?? null;
        states.push(copy({ event, generation: generation as number, deleting, finalizers: finalizers ?? [], status }));
        for (const watcher of this.watchers) watcher(copy(graph));
    }

    // --- the controller's view

    async watchGraphs(seconds: number, seen: (graph: GraphObject) => void, signal: AbortSignal): Promise<void> {
        for (const graph of this.graphs.values()) seen(copy(graph));
        this.watchers.add(seen);
        await this.clock.sleep(seconds, signal).catch(() => {});
        this.watchers.delete(seen);
    }

    async listGraphs(): Promise<GraphObject[]> {
        return copy([...this.graphs.values()]);
    }

    async getGraph(ref: GraphRef): Promise<GraphObject | undefined> {
        return copy(this.graphs.get(key(ref)));
    }

    async setFinalizers(ref: GraphRef, finalizers: string[]): Promise<void> {
        const before = this.found(ref);
        this.write(before, { ...copy(before), metadata: { ...copy(before.metadata), finalizers } });
    }

    async patchStatus(ref: GraphRef, patch: GraphStatus): Promise<void> {
        const before = this.found(ref);
        const sorted = Object.entries({ ...before.status, ...patch }).sort(([a], [b]) => (a < b ? -1 : 1));
        this.write(before, { ...copy(before), status: Object.fromEntries(sorted) });
    }

    async replaceGraph(graph: GraphObject): Promise<void> {
        const before = this.found(graph.metadata);
        if (before.metadata.resourceVersion !== graph.metadata.resourceVersion) throw conflict();
        const gone = before.metadata.deletionTimestamp !== undefined && graph.metadata.finalizers?.length === 0;
        if (gone) this.remove(before);
        else this.write(before, { ...copy(graph), ...(before.status ? { status: before.status } : {}) });
    }

    private found(ref: GraphRef): GraphObject {
        const graph = this.graphs.get(key(ref));
        if (graph === undefined) throw new ApiError(404, "Not Found", "{}\n");
        return graph;
    }

    async listNamespaces(): Promise<Namespace[]> {
        return copy([...this.namespaces.values()]);
    }

    async getNamespace(name: string): Promise<Namespace | undefined> {
        return copy(this.namespaces.get(name));
    }

    async namespaceAppears(name: string, signal: AbortSignal): Promise<void> {
        while (!this.namespaces.has(name)) await this.clock.sleep(0.1, signal);
    }

    async labelNamespace({ name }: Namespace, label: string, value: string): Promise<void> {
        const namespace = this.namespaces.get(name);
        if (namespace === undefined) throw new ApiError(404, "Not Found", "{}\n");
        namespace.labels[label] = value;
    }

    async anchorsKnown(): Promise<boolean> {
        return true;
    }

    async createAnchor(parent: string, name: string): Promise<void> {
        if (this.anchors.has(name)) throw conflict();
        this.anchors.set(name, { metadata: { name, namespace: parent, finalizers: [] } });
    }

    async deleteAnchor(_parent: string, name: string): Promise<void> {
        const anchor = this.anchors.get(name);
        if (anchor === undefined) throw new ApiError(404, "Not Found", "{}\n");
        anchor.metadata.deletionTimestamp = "now";
    }

    async hierarchyAppears(namespace: string, signal: AbortSignal): Promise<void> {
        while (!this.hierarchies.has(namespace)) await this.clock.sleep(0.1, signal);
    }

    async allowCascadingDeletion(): Promise<void> {}

    async getSecret(namespace: string, name: string): Promise<Record<string, string> | undefined> {
        return this.secrets.get(`${namespace}/${name}`);
    }

    async listProvided(): Promise<Record<string, InfraSource>> {
        const provided: Record<string, InfraSource> = {};
        for (const [owner, { provides }] of this.infras) {
            const [namespace, name] = owner.split("/") as [string, string];
            for (const infra of provides) provided[infra] = { namespace, name };
        }
        return provided;
    }

    async applyInfra(ref: GraphRef, provides: string[], status: string): Promise<void> {
        this.infras.set(key(ref), { provides, status });
    }

    async ownInfra(): Promise<void> {}

    async listEndpoints(): Promise<Endpoint[]> {
        return [];
    }

    // --- HNC and the namespace controller

    addNamespace(name: string, annotations: Record<string, string>): void {
        this.namespaces.set(name, { name, annotations, labels: {}, terminating: false, resourceVersion: "1" });
    }

    private async emulateHnc(): Promise<never> {
        for (;;) {
            await this.clock.sleep(HNC_SECONDS);
            for (const namespace of [...this.namespaces.values()]) {
                if (namespace.terminating && !this.stuck.has(namespace.name)) this.namespaces.delete(namespace.name);
            }
            for (const anchor of [...this.anchors.values()]) this.reconcile(anchor);
        }
    }

    private reconcile(anchor: AnchorRecord): void {
        const { name, namespace: parent, deletionTimestamp } = anchor.metadata;
        const found = this.namespaces.get(name);
        const metadata = { name, annotations: found?.annotations ?? {} };
        const shown = found && { metadata: found.terminating ? { ...metadata, deletionTimestamp: "now" } : metadata };
        for (const action of nextActions(anchor, shown)) {
            if (action === "add finalizer") anchor.metadata.finalizers = [ANCHOR_FINALIZER];
            else if (action === "remove finalizer") anchor.metadata.finalizers = [];
            else if (action === "create namespace") this.addNamespace(name, { [SUBNAMESPACE_ANNOTATION]: parent });
            else if (action === "delete namespace" && found) found.terminating = true;
            else if (action === "report Ok") this.hierarchies.add(name);
        }
        if (deletionTimestamp !== undefined && anchor.metadata.finalizers.length === 0) this.anchors.delete(name);
    }
}

const conflict = () => new ApiError(409, "Conflict", "{}\n");

/** A graph in namespace `default` with these components. */
export function graphOf(name: string, components: JsonObject, more: JsonObject = {}): GraphObject {
    return {
        apiVersion: "rampart.petuum.com/v1beta2",
        kind: "RampartGraph",
        metadata: { name, namespace: "default" } as GraphObject["metadata"],
        spec: { graph: { components, flows: {} }, ...more },
    };
}

/** A component with a chart that exists. */
export function component(more: JsonObject = {}): JsonObject {
    const chart = { repo: "https://charts.example.com", name: "generic-service", version: "0.4.1" };
    return { chart, config: {}, inputs: {}, outputs: {}, ...more };
}
