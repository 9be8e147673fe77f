/**
 * The Kubernetes API of a cluster in memory, for a host before it joins another cluster, and for tests. It stores objects, and
 * marks nodes and Deployments as ready at once. It has no validation, watches or controllers, and answers all other requests
 * with 501.
 */
import { randomUUID } from "node:crypto";
import { ApiError } from "../../rampart/kubernetes/api";
import type { KubeObject, KubeRest } from "./rest";

const PATH =
    /^(?:\/api\/v1|\/apis\/[\w.]+\/v1)(?:\/namespaces\/(?<namespace>[\w-]+))?\/(?<plural>nodes|pods|services|deployments|storageclasses)(?:\/(?<name>[\w.:-]+))?(?:\/(?<sub>\w+))?$/;

export class MemoryCluster implements KubeRest {
    /** Objects by `plural namespace/name`. */
    private readonly objects = new Map<string, KubeObject>();
    /** Whether a PodDisruptionBudget currently forbids the eviction of a pod; tests replace this function. */
    blocked: (pod: KubeObject) => boolean = () => false;

    /** @param server address in the cluster's kubeconfig */
    constructor(private readonly server = "https://127.0.0.1:16443") {}

    get kubeconfig(): string {
        const cluster = { name: "microk8s-cluster", cluster: { server: this.server } };
        const user = { name: "admin", user: { token: "memory" } };
        const context = { name: "microk8s", context: { cluster: cluster.name, user: user.name } };
        const lists = { clusters: [cluster], users: [user], contexts: [context] };
        return JSON.stringify({ apiVersion: "v1", kind: "Config", ...lists, "current-context": context.name });
    }

    put(plural: string, namespace: string, object: KubeObject): void {
        const metadata = { uid: randomUUID(), generation: 1, namespace, ...object.metadata };
        const stored: KubeObject = structuredClone({ ...object, metadata });
        if (plural === "nodes") stored.status = { ...stored.status, conditions: [{ type: "Ready", status: "True" }] };
        if (plural === "deployments")
            stored.status = { observedGeneration: 1, availableReplicas: stored.spec.replicas };
        this.objects.set(`${plural} ${namespace}/${metadata.name}`, stored);
    }

    async find<T>(path: string): Promise<T | undefined> {
        return this.call<T>("GET", path).catch((error: ApiError) => {
            if (error.status === 404) return undefined;
            throw error;
        });
    }

    async call<T>(method: string, address: string, body?: unknown): Promise<T> {
        const [path, query] = address.split("?");
        const { plural, namespace = "", name, sub } = PATH.exec(path)?.groups ?? {};
        const given = body as KubeObject;
        const key = `${plural} ${namespace}/${name ?? given?.metadata?.name}`;
        const known = this.objects.get(key);
        const action = [method, ...(name ? [sub ?? "object"] : [])].join(" ");
        if (plural === undefined) throw new ApiError(501, "Not Implemented", `${method} ${path}`);
        if (action === "GET") return { items: this.list(plural, query) } as T;
        if (action === "POST" && known) throw new ApiError(409, "Conflict", `${key} already exists`);
        if (action === "POST") this.put(plural, namespace, given);
        else if (!known) throw new ApiError(404, "Not Found", `${key} not found`);
        else if (action === "PATCH object" || action === "PATCH status") this.objects.set(key, merged(known, body));
        else if (action === "POST eviction" && this.blocked(known))
            throw new ApiError(429, "Too Many Requests", "it would violate the pod's disruption budget");
        else if (action === "POST eviction" || action === "DELETE object") this.objects.delete(key);
        else if (action !== "GET object") throw new ApiError(501, "Not Implemented", `${method} ${path}`);
        return (this.objects.get(key) ?? {}) as T;
    }

    /** @param query `labelSelector=<key>` or `fieldSelector=spec.nodeName=<node>` */
    private list(plural: string, query?: string): KubeObject[] {
        const wanted = new URLSearchParams(query);
        const [label, node] = [wanted.get("labelSelector"), wanted.get("fieldSelector")?.replace("spec.nodeName=", "")];
        return [...this.objects]
            .filter(([key]) => key.startsWith(`${plural} `))
            .map(([, object]) => object)
            .filter(({ metadata }) => label === null || label in (metadata.labels ?? {}))
            .filter(({ spec }) => node === undefined || spec?.nodeName === node);
    }
}

/** JSON Merge Patch (RFC 7396). */
function merged<T>(target: T, patch: unknown): T {
    if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch as T;
    const result: Record<string, unknown> = { ...(target as object) };
    for (const [key, value] of Object.entries(patch)) {
        if (value === null) delete result[key];
        else result[key] = merged(result[key], value);
    }
    return result as T;
}
