/**
 * Access of the emulators to the cluster. It has a copy of the cluster's objects, which watches update, and the few
 * write operations that emulators need.
 */
import type {
    KubeConfig,
    V1ConfigMap,
    V1Node,
    V1PersistentVolume,
    V1PersistentVolumeClaim,
    V1Pod,
    V1Secret,
    V1Service,
    V1StorageClass,
} from "@kubernetes/client-node";
import { ApiServer, reflect, type Reflector } from "../ingress-controller/api-server";
import { ApiError } from "../rampart/kubernetes/api";
import { Rest } from "../rampart/kubernetes/rest";

const PATHS = {
    nodes: "/api/v1/nodes",
    pods: "/api/v1/pods",
    services: "/api/v1/services",
    secrets: "/api/v1/secrets",
    configMaps: "/api/v1/configmaps",
    claims: "/api/v1/persistentvolumeclaims",
    volumes: "/api/v1/persistentvolumes",
    storageClasses: "/apis/storage.k8s.io/v1/storageclasses",
};

export interface Snapshot {
    nodes: V1Node[];
    pods: V1Pod[];
    services: V1Service[];
    secrets: V1Secret[];
    configMaps: V1ConfigMap[];
    claims: V1PersistentVolumeClaim[];
    volumes: V1PersistentVolume[];
    storageClasses: V1StorageClass[];
}

export class Cluster {
    readonly rest: Rest;
    private readonly api: ApiServer;
    private readonly stop = new AbortController();
    private readonly reflectors: [keyof Snapshot, Reflector][];

    /** @param changed called at each change of an object, including its status */
    constructor(kubeConfig: KubeConfig, changed: () => void, log: (line: string) => void) {
        this.rest = new Rest(kubeConfig);
        this.api = new ApiServer(kubeConfig);
        // Compares whole objects, including the status, which contains the readiness of a pod.
        const look = (object: unknown) => JSON.stringify(object ?? null);
        this.reflectors = Object.entries(PATHS).map(([kind, path]) => [
            kind as keyof Snapshot,
            reflect(this.api, path, changed, log, this.stop.signal, look),
        ]);
    }

    async listed(): Promise<void> {
        await Promise.all(this.reflectors.map(([, reflector]) => reflector.listed));
    }

    snapshot(): Snapshot {
        return Object.fromEntries(this.reflectors.map(([kind, r]) => [kind, r.items()])) as unknown as Snapshot;
    }

    /** Deletes the object of a pod whose containers have ended, as its kubelet does. */
    async takeAway({ metadata }: V1Pod): Promise<void> {
        const { namespace, name, uid } = metadata!;
        const last = { gracePeriodSeconds: 0, preconditions: { uid } };
        try {
            await this.rest.call("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}`, last);
        } catch (error) {
            // 404: the pod is already deleted. 409: another pod has its name now.
            if (!(error instanceof ApiError) || ![404, 409].includes(error.status)) throw error;
        }
    }

    close(): void {
        this.stop.abort();
        this.api.close();
    }
}

/** The decoded values of a Secret. */
export function decoded(secret: V1Secret): Record<string, string> {
    const entries = Object.entries(secret.data ?? {});
    return Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text, "base64").toString()]));
}

export function isReady(pod: V1Pod): boolean {
    const conditions = pod.status?.conditions ?? [];
    return !pod.metadata?.deletionTimestamp && conditions.some((c) => c.type === "Ready" && c.status === "True");
}

/** Whether a Service selects a pod. */
export function selects(service: V1Service, pod: V1Pod): boolean {
    const selector = Object.entries(service.spec?.selector ?? {});
    const labels = pod.metadata?.labels ?? {};
    const same = service.metadata!.namespace === pod.metadata!.namespace;
    return same && selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
}
