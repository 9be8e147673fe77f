/**
 * The operations that the controller needs from the cluster. kube-api.ts implements them with a real API server. Unit
 * tests implement them in memory.
 */
import type { GraphRef, World } from "../graph/parse.js";
import type { GraphObject, GraphStatus, InfraSource, OwnerReference } from "../types.js";

/** An answer of the API server with an error status. The message has the format of Rampart's Kubernetes client. */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly reason: string,
        /** Body as the API server sent it, with the final line break, because Rampart quotes it. */
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
    /**
     * Calls `seen` for all graphs, and then for each change. Resolves after `seconds`, or immediately if the signal is
     * aborted.
     */
    watchGraphs(seconds: number, seen: (graph: GraphObject) => void, signal: AbortSignal): Promise<void>;
    listGraphs(): Promise<GraphObject[]>;
    getGraph(ref: GraphRef): Promise<GraphObject | undefined>;
    /** Replaces the whole list of finalizers by a merge patch. */
    setFinalizers(ref: GraphRef, finalizers: string[]): Promise<void>;
    /** Changes the status by a merge patch of the status subresource. */
    patchStatus(ref: GraphRef, patch: GraphStatus): Promise<void>;
    /** Replaces the graph (PUT). @throws ApiError 409 if the object has changed since it was read */
    replaceGraph(graph: GraphObject): Promise<void>;

    listNamespaces(): Promise<Namespace[]>;
    getNamespace(name: string): Promise<Namespace | undefined>;
    /** Resolves when the namespace exists. The wait has no timeout; only the signal ends it earlier. */
    namespaceAppears(name: string, signal: AbortSignal): Promise<void>;
    /** Adds a label (PUT). @throws ApiError 409 if the namespace has changed since it was read */
    labelNamespace(namespace: Namespace, key: string, value: string): Promise<void>;

    /** Whether the cluster has SubnamespaceAnchors (HNC is installed). */
    anchorsKnown(): Promise<boolean>;
    createAnchor(parent: string, name: string, owner: OwnerReference[]): Promise<void>;
    deleteAnchor(parent: string, name: string): Promise<void>;
    hierarchyAppears(namespace: string, signal: AbortSignal): Promise<void>;
    allowCascadingDeletion(namespace: string): Promise<void>;

    /** Decoded values of a Secret; empty if it has no data, undefined if it does not exist. */
    getSecret(namespace: string, name: string): Promise<Record<string, string> | undefined>;
    /** Contents of all RampartInfra objects of the cluster. */
    listProvided(): Promise<Record<string, InfraSource>>;
    /** Creates or updates the graph's RampartInfra object, spec and status. */
    applyInfra(ref: GraphRef, provides: string[], status: "registered" | "deployed"): Promise<void>;
    ownInfra(ref: GraphRef, owner: OwnerReference[]): Promise<void>;
    /**
     * Endpoints of labelled Ingresses, followed by endpoints of labelled ApisixRoutes (v2beta3). The ApisixRoutes are
     * omitted if the API server does not serve this version.
     */
    listEndpoints(): Promise<Endpoint[]>;
}

/** Reads the objects that the validation of a graph needs. */
export async function readWorld(api: GraphApi): Promise<World> {
    const [namespaces, graphs, provided] = await Promise.all([
        api.listNamespaces(),
        api.listGraphs(),
        api.listProvided(),
    ]);
    return { namespaces: namespaces.map((namespace) => namespace.name), graphs, provided };
}

/** The controller's clock. Tests replace it. */
export interface Clock {
    /** The current time in seconds, counted from any start. Callers use only differences between two times. */
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
