/**
 * The Kubernetes API of a cluster in memory, for a host before it joins another cluster, and for tests. It stores objects, and
 * marks nodes and Deployments as ready at once. It has no validation, watches or controllers, and answers all other requests
 * with 501.
 */
import { randomUUID } from "node:crypto";
import type { KubeObject, KubeRest, RestAnswer } from "./rest";

const PATH =
    /^(?<group>\/api\/v1|\/apis\/[\w.]+\/v1)(\/namespaces\/(?<namespace>[\w-]+))?\/(?<plural>[a-z]+)(\/(?<name>[\w.:-]+))?(\/(?<sub>\w+))?$/;
const KINDS: Record<string, string> = {
    nodes: "Node",
    pods: "Pod",
    namespaces: "Namespace",
    services: "Service",
    deployments: "Deployment",
    storageclasses: "StorageClass",
};

export class MemoryCluster implements KubeRest {
    /** Objects by collection and `namespace/name`. */
    private readonly objects = new Map<string, Map<string, KubeObject>>();
    private version = 0;
    /** Whether a PodDisruptionBudget currently forbids the eviction of a pod; tests replace this function. */
    blocked: (pod: KubeObject) => boolean = () => false;

    /** @param server address in the cluster's kubeconfig */
    constructor(private readonly server = "https://127.0.0.1:16443") {
        this.put("services", "default", { metadata: { name: "kubernetes" } });
    }

    get kubeconfig(): string {
        const cluster = { name: "microk8s-cluster", cluster: { server: this.server } };
        const user = { name: "admin", user: { token: "memory" } };
        const context = { name: "microk8s", context: { cluster: cluster.name, user: user.name } };
        return JSON.stringify({
            apiVersion: "v1",
            kind: "Config",
            clusters: [cluster],
            users: [user],
            contexts: [context],
            "current-context": context.name,
        });
    }

    put(plural: string, namespace: string, object: KubeObject): void {
        const stored = structuredClone(object);
        stored.metadata = {
            creationTimestamp: new Date().toISOString(),
            uid: randomUUID(),
            generation: 1,
            resourceVersion: this.nextVersion(),
            ...stored.metadata,
        };
        if (namespace) stored.metadata.namespace = namespace;
        stored.kind ??= KINDS[plural];
        if (plural === "nodes") stored.status = { ...stored.status, conditions: [{ type: "Ready", status: "True" }] };
        const replicas = stored.spec?.replicas ?? 1;
        const all = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
        if (plural === "deployments") stored.status = { observedGeneration: 1, ...all };
        this.of(plural).set(`${namespace}/${object.metadata.name}`, stored);
    }

    async request(method: string, address: string, body?: object): Promise<RestAnswer> {
        const [path, query] = address.split("?");
        if (path === "/readyz") return { status: 200, text: "ok" };
        const parts = PATH.exec(path)?.groups;
        if (!parts || !KINDS[parts.plural]) return failure(501, "NotImplemented", `${method} ${path}`);
        const { plural, namespace = "", name, sub } = parts;
        const all = this.of(plural);
        const key = `${namespace}/${name}`;
        const known = all.get(key);
        if (!name && method === "GET")
            return ok({ kind: `${KINDS[plural]}List`, items: this.list(all, namespace, query) });
        if (!name && method === "POST") {
            const object = body as KubeObject;
            if (all.has(`${namespace}/${object.metadata.name}`))
                return failure(409, "AlreadyExists", `${plural} "${object.metadata.name}" already exists`);
            this.put(plural, namespace, object);
            return ok(all.get(`${namespace}/${object.metadata.name}`)!, 201);
        }
        if (!known) return failure(404, "NotFound", `${plural} "${name}" not found`);
        if (sub === "eviction" && method === "POST") {
            if (this.blocked(known))
                return failure(
                    429,
                    "TooManyRequests",
                    "Cannot evict pod as it would violate the pod's disruption budget.",
                );
            all.delete(key);
            return ok({}, 201);
        }
        if (sub && !(sub === "status" && method === "PATCH"))
            return failure(501, "NotImplemented", `${method} ${path}`);
        if (method === "GET") return ok(known);
        if (method === "PATCH") {
            const { resourceVersion } = (body as Partial<KubeObject>).metadata ?? {};
            if (resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion)
                return failure(409, "Conflict", `${plural} "${name}": the object has been modified`);
            const changed = merged(known, body) as KubeObject;
            changed.metadata = { ...changed.metadata, resourceVersion: this.nextVersion() };
            all.set(key, changed);
            return ok(changed);
        }
        if (method === "DELETE") {
            all.delete(key);
            return ok(known);
        }
        return failure(501, "NotImplemented", `${method} ${path}`);
    }

    private nextVersion(): string {
        return String(++this.version);
    }

    private of(plural: string): Map<string, KubeObject> {
        const known = this.objects.get(plural) ?? new Map<string, KubeObject>();
        this.objects.set(plural, known);
        return known;
    }

    private list(all: Map<string, KubeObject>, namespace: string, query = ""): KubeObject[] {
        const wanted = new URLSearchParams(query);
        const node = /^spec\.nodeName=(.*)$/.exec(wanted.get("fieldSelector") ?? "")?.[1];
        const labels = (wanted.get("labelSelector") ?? "").split(",").filter(Boolean);
        return [...all.values()].filter(
            ({ metadata, spec }) =>
                (!namespace || metadata.namespace === namespace) &&
                (node === undefined || spec?.nodeName === node) &&
                labels.every((label) => {
                    const [key, value] = label.split(/==?/);
                    return value === undefined ? key in (metadata.labels ?? {}) : metadata.labels?.[key] === value;
                }),
        );
    }
}

const ok = (object: object, status = 200): RestAnswer => ({ status, text: JSON.stringify(object) });

const failure = (status: number, reason: string, message: string): RestAnswer => ok({ reason, message }, status);

/** JSON Merge Patch (RFC 7396). */
function merged(target: unknown, patch: unknown): unknown {
    if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
    const result: Record<string, unknown> = { ...(target as object) };
    for (const [key, value] of Object.entries(patch)) {
        if (value === null) delete result[key];
        else result[key] = merged(result[key], value);
    }
    return result;
}
