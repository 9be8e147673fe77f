/**
 * What the controller needs of a cluster, small enough to be emulated in memory by a unit test.
 * The real one is kube-api.ts.
 */
import type { GraphRef, World } from "../graph/parse.js";
import type { GraphObject, GraphStatus, InfraSource, OwnerReference } from "../types.js";

/** An answer of the API server that is no success. The message has the shape of Rampart's Kubernetes client. */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly reason: string,
        /** As sent, line break at the end included: Rampart quotes it. */
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

/** Paths under which a component can be reached, from one Ingress or ApisixRoute. */
export interface Endpoint {
    namespace: string;
    paths: string[];
}

export interface GraphApi {
    /** Shows every graph once, then every change; resolves after `seconds`, and at once when aborted. */
    watchGraphs(seconds: number, seen: (graph: GraphObject) => void, signal: AbortSignal): Promise<void>;
    listGraphs(): Promise<GraphObject[]>;
    getGraph(ref: GraphRef): Promise<GraphObject | undefined>;
    /** Merge patch: replaces the whole list. */
    setFinalizers(ref: GraphRef, finalizers: string[]): Promise<void>;
    /** Merge patch of the status subresource. */
    patchStatus(ref: GraphRef, patch: GraphStatus): Promise<void>;
    /** PUT: refused with 409 when the object changed since it was read. */
    replaceGraph(graph: GraphObject): Promise<void>;

    listNamespaces(): Promise<Namespace[]>;
    getNamespace(name: string): Promise<Namespace | undefined>;
    /** Resolves when the namespace is there; no end of its own, only the signal's. */
    namespaceAppears(name: string, signal: AbortSignal): Promise<void>;
    /** PUT with an added label: refused with 409 when the namespace changed since it was read. */
    labelNamespace(namespace: Namespace, key: string, value: string): Promise<void>;

    /** Whether the cluster knows SubnamespaceAnchors (HNC is installed). */
    anchorsKnown(): Promise<boolean>;
    createAnchor(parent: string, name: string, owner: OwnerReference[]): Promise<void>;
    deleteAnchor(parent: string, name: string): Promise<void>;
    hierarchyAppears(namespace: string, signal: AbortSignal): Promise<void>;
    allowCascadingDeletion(namespace: string): Promise<void>;

    /** Decoded values; `undefined` when there is no such Secret, no entries when it has no data. */
    getSecret(namespace: string, name: string): Promise<Record<string, string> | undefined>;
    /** What all RampartInfra objects of the cluster say. */
    listProvided(): Promise<Record<string, InfraSource>>;
    /** Creates or updates the graph's RampartInfra object, spec and status. */
    applyInfra(ref: GraphRef, provides: string[], status: "registered" | "deployed"): Promise<void>;
    ownInfra(ref: GraphRef, owner: OwnerReference[]): Promise<void>;
    /** Labelled Ingresses, then labelled ApisixRoutes of v2beta3; none of the latter where that version is not served. */
    listEndpoints(): Promise<Endpoint[]>;
}

/** The objects that a graph is validated against, read again each time. */
export async function readWorld(api: GraphApi): Promise<World> {
    const [namespaces, graphs, provided] = await Promise.all([
        api.listNamespaces(),
        api.listGraphs(),
        api.listProvided(),
    ]);
    return { namespaces: namespaces.map((namespace) => namespace.name), graphs, provided };
}

/** Time as the controller sees it; tests bring their own. */
export interface Clock {
    /** Seconds since whenever. */
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
