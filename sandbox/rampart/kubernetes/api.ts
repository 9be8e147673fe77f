/**
 * The cluster operations of the controller, small enough for an emulation in memory by unit tests. The real implementation is
 * kube-api.ts.
 */
import type { GraphRef, World } from "../graph/parse.js";
import type { GraphObject, GraphStatus, InfraSource, OwnerReference } from "../types.js";

/** An answer of the API server with an error status. The message has the format of Rampart's Kubernetes client. */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly reason: string,
        /** As sent, with the final line break, because Rampart quotes it. */
        readonly body: string,
    ) {
        super(`(${status})\nReason: ${reason}\nHTTP response body: ${body}\n`);
    }
}

export interface Namespace {
    name: string;
    terminating: boolean;
    annotations: Record<string, string>;
    labels: Record<string, string>;
    resourceVersion: string;
}

/** Paths of a component, from one Ingress or ApisixRoute. */
export interface Endpoint {
    namespace: string;
    paths: string[];
}

export interface GraphApi {
    /** Calls back for all graphs, then for all changes. Resolves after `seconds`, and at once when aborted. */
    watchGraphs(seconds: number, seen: (graph: GraphObject) => void, signal: AbortSignal): Promise<void>;
    listGraphs(): Promise<GraphObject[]>;
    getGraph(ref: GraphRef): Promise<GraphObject | undefined>;
    /** Merge patch: replaces the whole list. */
    setFinalizers(ref: GraphRef, finalizers: string[]): Promise<void>;
    /** Merge patch of the status subresource. */
    patchStatus(ref: GraphRef, patch: GraphStatus): Promise<void>;
    /** PUT: 409 if the object has changed since the read. */
    replaceGraph(graph: GraphObject): Promise<void>;

    listNamespaces(): Promise<Namespace[]>;
    getNamespace(name: string): Promise<Namespace | undefined>;
    /** Resolves when the namespace exists. Only the signal ends it earlier. */
    namespaceAppears(name: string, signal: AbortSignal): Promise<void>;
    /** PUT with an added label: 409 if the namespace has changed since the read. */
    labelNamespace(namespace: Namespace, key: string, value: string): Promise<void>;

    /** Whether the cluster has SubnamespaceAnchors (HNC is installed). */
    anchorsKnown(): Promise<boolean>;
    createAnchor(parent: string, name: string, owner: OwnerReference[]): Promise<void>;
    deleteAnchor(parent: string, name: string): Promise<void>;
    hierarchyAppears(namespace: string, signal: AbortSignal): Promise<void>;
    allowCascadingDeletion(namespace: string): Promise<void>;

    /** Decoded values; undefined if there is no such Secret; empty if it has no data. */
    getSecret(namespace: string, name: string): Promise<Record<string, string> | undefined>;
    /** Contents of all RampartInfra objects of the cluster. */
    listProvided(): Promise<Record<string, InfraSource>>;
    /** Creates or updates the graph's RampartInfra object, spec and status. */
    applyInfra(ref: GraphRef, provides: string[], status: "registered" | "deployed"): Promise<void>;
    ownInfra(ref: GraphRef, owner: OwnerReference[]): Promise<void>;
    /** Labelled Ingresses, then labelled ApisixRoutes of v2beta3; none of the latter if that version is not served. */
    listEndpoints(): Promise<Endpoint[]>;
}

/** The objects for the validation of a graph, read each time. */
export async function readWorld(api: GraphApi): Promise<World> {
    const [namespaces, graphs, provided] = await Promise.all([
        api.listNamespaces(),
        api.listGraphs(),
        api.listProvided(),
    ]);
    return { namespaces: namespaces.map((namespace) => namespace.name), graphs, provided };
}

/** The controller's clock; tests have their own. */
export interface Clock {
    /** Seconds since any moment. */
    now(): number;
    /** Rejects with the signal's reason when aborted. */
    sleep(seconds: number, signal?: AbortSignal): Promise<void>;
}

export const realClock: Clock = {
    now: () => performance.now() / 1000,
    sleep: (seconds, signal) =>
        new Promise((resolve, reject) => {
            if (signal?.aborted) return reject(signal.reason);
            const stop = () => {
                clearTimeout(timer);
                reject(signal?.reason);
            };
            const timer = setTimeout(() => {
                signal?.removeEventListener("abort", stop);
                resolve();
            }, seconds * 1000);
            signal?.addEventListener("abort", stop, { once: true });
        }),
};
