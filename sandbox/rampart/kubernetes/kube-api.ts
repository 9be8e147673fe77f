/** Implements GraphApi with a real API server. */
import type { KubeConfig } from "@kubernetes/client-node";
import { type Endpoint, type GraphApi, type Namespace } from "./api.js";
import type { GraphRef } from "../graph/parse.js";
import { Rest } from "./rest.js";
import {
    CONTROLLED_LABEL,
    type GraphObject,
    type GraphStatus,
    GROUP,
    type InfraSource,
    type OwnerReference,
    VERSION,
} from "../types.js";

interface List<T> {
    items: T[];
}

interface NamespaceObject {
    metadata: {
        name: string;
        resourceVersion: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
    };
    status?: { phase?: string };
}

interface InfraObject {
    metadata: { name: string; namespace: string };
    spec?: unknown;
    status?: { provides?: { name: string; status: string; source: InfraSource }[] };
}

interface IngressObject {
    metadata: { namespace: string };
    spec: { rules?: { http?: { paths: { path?: string }[] } }[] };
}

interface RouteObject {
    metadata: { namespace: string };
    spec?: { http?: { match?: { paths?: string[] } }[] };
}

const ALL_GRAPHS = `/apis/${GROUP}/${VERSION}/rampartgraphs`;
const NAMESPACES = "/api/v1/namespaces";
const HNC = "/apis/hnc.x-k8s.io/v1alpha2";
/** Duration of one watch while waiting for an object, in seconds. */
const APPEARS_SECONDS = 10;

const part = encodeURIComponent;
const graphPath = (ref: GraphRef) => `/apis/${GROUP}/${VERSION}/namespaces/${ref.namespace}/rampartgraphs/${ref.name}`;
const infraList = (namespace: string) => `/apis/${GROUP}/v1beta1/namespaces/${namespace}/rampartinfras`;
const anchorList = (namespace: string) => `${HNC}/namespaces/${part(namespace)}/subnamespaceanchors`;
const hierarchyList = (namespace: string) => `${HNC}/namespaces/${part(namespace)}/hierarchyconfigurations`;

export class KubeApi implements GraphApi {
    private readonly rest: Rest;

    constructor(kubeConfig: KubeConfig) {
        this.rest = new Rest(kubeConfig);
    }

    watchGraphs(seconds: number, seen: (graph: GraphObject) => void, signal: AbortSignal): Promise<void> {
        return this.rest.watch<GraphObject>(ALL_GRAPHS, seconds, (event) => seen(event.object), signal);
    }

    async listGraphs(): Promise<GraphObject[]> {
        return (await this.rest.call<List<GraphObject>>("GET", ALL_GRAPHS)).items;
    }

    getGraph(ref: GraphRef): Promise<GraphObject | undefined> {
        return this.rest.find(graphPath(ref));
    }

    async setFinalizers(ref: GraphRef, finalizers: string[]): Promise<void> {
        await this.rest.call("PATCH", graphPath(ref), { metadata: { finalizers } });
    }

    async patchStatus(ref: GraphRef, patch: GraphStatus): Promise<void> {
        await this.rest.call("PATCH", `${graphPath(ref)}/status`, { status: patch });
    }

    async replaceGraph(graph: GraphObject): Promise<void> {
        await this.rest.call("PUT", graphPath(graph.metadata), graph);
    }

    async listNamespaces(): Promise<Namespace[]> {
        return (await this.rest.call<List<NamespaceObject>>("GET", NAMESPACES)).items.map(readNamespace);
    }

    async getNamespace(name: string): Promise<Namespace | undefined> {
        const found = await this.rest.find<NamespaceObject>(`${NAMESPACES}/${part(name)}`);
        return found && readNamespace(found);
    }

    namespaceAppears(name: string, signal: AbortSignal): Promise<void> {
        const found = (object: NamespaceObject) => object.metadata.name === name;
        return this.appears<NamespaceObject>(NAMESPACES, found, signal);
    }

    async labelNamespace({ name, resourceVersion }: Namespace, key: string, value: string): Promise<void> {
        const body = { metadata: { resourceVersion, labels: { [key]: value } } };
        await this.rest.call("PATCH", `${NAMESPACES}/${part(name)}`, body);
    }

    async anchorsKnown(): Promise<boolean> {
        const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/subnamespaceanchors.hnc.x-k8s.io";
        return (await this.rest.find(crd)) !== undefined;
    }

    async createAnchor(parent: string, name: string, ownerReferences: OwnerReference[]): Promise<void> {
        const labels = { [CONTROLLED_LABEL]: "true" };
        await this.rest.call("POST", anchorList(parent), {
            apiVersion: "hnc.x-k8s.io/v1alpha2",
            kind: "SubnamespaceAnchor",
            metadata: { name, namespace: parent, labels, ownerReferences },
        });
    }

    async deleteAnchor(parent: string, name: string): Promise<void> {
        await this.rest.call("DELETE", `${anchorList(parent)}/${part(name)}`);
    }

    hierarchyAppears(namespace: string, signal: AbortSignal): Promise<void> {
        return this.appears(hierarchyList(namespace), () => true, signal);
    }

    async allowCascadingDeletion(namespace: string): Promise<void> {
        await this.rest.call("PATCH", `${hierarchyList(namespace)}/hierarchy`, {
            spec: { allowCascadingDeletion: true },
        });
    }

    async getSecret(namespace: string, name: string): Promise<Record<string, string> | undefined> {
        const path = `${NAMESPACES}/${part(namespace)}/secrets/${part(name)}`;
        const secret = await this.rest.find<{ data?: Record<string, string> }>(path);
        if (secret === undefined) return undefined;
        const decode = (text: string) => Buffer.from(text, "base64").toString("utf8");
        return Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, decode(value)]));
    }

    async listProvided(): Promise<Record<string, InfraSource>> {
        const infras = await this.rest.call<List<InfraObject>>("GET", `/apis/${GROUP}/v1beta1/rampartinfras`);
        const entries = infras.items.flatMap((infra) => infra.status?.provides ?? []);
        const counted = entries.filter((entry) => ["registered", "deployed"].includes(entry.status));
        return Object.fromEntries(counted.map((entry) => [entry.name, entry.source]));
    }

    async applyInfra(ref: GraphRef, provides: string[], status: "registered" | "deployed"): Promise<void> {
        const list = infraList(ref.namespace);
        const spec = { provides: provides.map((name) => ({ name })) };
        const metadata = { name: ref.name, namespace: ref.namespace };
        if ((await this.rest.find(`${list}/${ref.name}`)) === undefined) {
            const body = { apiVersion: `${GROUP}/v1beta1`, kind: "RampartInfra", metadata, spec };
            await this.rest.call("POST", list, body);
        } else await this.rest.call("PATCH", `${list}/${ref.name}`, { spec });
        const source = { namespace: ref.namespace, name: ref.name };
        const entries = provides.map((name) => ({ name, status, source }));
        await this.rest.call("PATCH", `${list}/${ref.name}/status`, { status: { provides: entries } });
    }

    async ownInfra(ref: GraphRef, ownerReferences: OwnerReference[]): Promise<void> {
        await this.rest.call("PATCH", `${infraList(ref.namespace)}/${ref.name}`, { metadata: { ownerReferences } });
    }

    async listEndpoints(): Promise<Endpoint[]> {
        const labelled = `?labelSelector=${part(`${CONTROLLED_LABEL}=true`)}`;
        const ingresses = await this.rest.call<List<IngressObject>>(
            "GET",
            `/apis/networking.k8s.io/v1/ingresses${labelled}`,
        );
        // The CRDs of the ingress controller 2.x have only the version v2. ApisixRoutes of v2 are therefore missing in
        // endpointPaths, as with the real Rampart.
        const routes = await this.rest.find<List<RouteObject>>(
            `/apis/apisix.apache.org/v2beta3/apisixroutes${labelled}`,
        );
        return [...ingresses.items.map(ingressEndpoint), ...(routes?.items ?? []).map(routeEndpoint)];
    }

    private async appears<T>(path: string, found: (object: T) => boolean, signal: AbortSignal): Promise<void> {
        let done = false;
        while (!done) {
            signal.throwIfAborted();
            await this.rest.watch<T>(path, APPEARS_SECONDS, (event) => (done ||= found(event.object)), signal);
        }
    }
}

function readNamespace({ metadata, status }: NamespaceObject): Namespace {
    return {
        name: metadata.name,
        terminating: status?.phase === "Terminating",
        annotations: metadata.annotations ?? {},
        labels: metadata.labels ?? {},
        resourceVersion: metadata.resourceVersion,
    };
}

function ingressEndpoint({ metadata, spec }: IngressObject): Endpoint {
    const rules = spec.rules ?? [];
    // The real controller fails for a rule without `http`: it logs the error and leaves the phase unchanged.
    const paths = rules.flatMap((rule) => {
        if (rule.http === undefined) throw new Error("'NoneType' object has no attribute 'paths'");
        return rule.http.paths.map((p) => p.path ?? "");
    });
    return { namespace: metadata.namespace, paths };
}

/** The paths of an ApisixRoute. Asterisks at the start and the end of a path are removed. */
function routeEndpoint({ metadata, spec }: RouteObject): Endpoint {
    const paths = (spec?.http ?? []).flatMap((http) => http.match?.paths ?? []);
    return { namespace: metadata.namespace, paths: paths.map((path) => path.replace(/^\*+|\*+$/g, "")) };
}
