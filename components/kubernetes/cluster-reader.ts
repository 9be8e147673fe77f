import type * as client from "@kubernetes/client-node" with { "resolution-mode": "import" };
import type { Observed } from "./readiness";

export interface ObjectRef {
    apiVersion: string;
    kind: string;
    /** Unset for an object of the whole cluster. */
    namespace?: string;
    name: string;
}

/** Access with the kubeconfig in plain, for the moment of use only. */
export interface PlainAccess {
    kubeconfig?: string;
    context?: string;
}

/** Used fields of a live object. */
export type Live = Observed & {
    metadata?: {
        name?: string;
        namespace?: string;
        annotations?: Record<string, string>;
        labels?: Record<string, string>;
        uid?: string;
        deletionTimestamp?: unknown;
        finalizers?: string[];
    };
    [field: string]: unknown;
};

/** Reads objects, nothing more; undefined for one that does not exist, or whose kind the cluster does not know. */
export type Reader = (ref: ObjectRef) => Promise<Live | undefined>;

// These functions are part of what the state keeps as text for dynamic resources: they may use only their arguments,
// each other, and `require`.

/** Name of an object in messages. */
export function titleOf({ kind, namespace, name }: ObjectRef): string {
    return `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}

/** Whether an error means that the object, its namespace or its kind does not exist. */
export function isAbsent(error: unknown): boolean {
    const { code, message } = error as { code?: number; message?: string };
    return code === 404 || /^Unrecognized API version and kind/.test(message ?? "");
}

/** The kubeconfig of an access. */
export function kubeConfigOf(access: PlainAccess): client.KubeConfig {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import at the top would be stored by value
    const k8s = require("@kubernetes/client-node") as typeof client;
    const config = new k8s.KubeConfig();
    if (access.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromString(access.kubeconfig);
    if (access.context !== undefined) config.setCurrentContext(access.context);
    return config;
}

/** Opens a cluster for reading. */
export function openReader(access: PlainAccess): Reader {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- as above
    const k8s = require("@kubernetes/client-node") as typeof client;
    const api = k8s.KubernetesObjectApi.makeApiClient(kubeConfigOf(access));
    return async ({ apiVersion, kind, namespace, name }) => {
        try {
            return (await api.read({ apiVersion, kind, metadata: { name, namespace } })) as Live;
        } catch (error) {
            if (isAbsent(error)) return undefined;
            throw error;
        }
    };
}

/** Lists the objects of a kind, in one namespace or in all; none where the cluster does not know the kind. */
export type Lister = (apiVersion: string, kind: string, namespace?: string) => Promise<Live[]>;

/** Opens a cluster for listing. */
export function openLister(access: PlainAccess): Lister {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- as above
    const k8s = require("@kubernetes/client-node") as typeof client;
    const api = k8s.KubernetesObjectApi.makeApiClient(kubeConfigOf(access));
    return async (apiVersion, kind, namespace) => {
        try {
            return (await api.list(apiVersion, kind, namespace)).items as Live[];
        } catch (error) {
            if (isAbsent(error)) return [];
            throw error;
        }
    };
}
