import type { V1Node, V1Service, V1StorageClass } from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { askApi, openApiServer, type PlainAccess } from "../../components/kubernetes/api-server";
import {
    openLister,
    openReader,
    type Lister,
    type Live,
    type ObjectRef,
} from "../../components/kubernetes/cluster-reader";
import { kubectlOf } from "../../components/kubernetes/kubeconfig-content";
import { adminTrouble } from "../../components/apisix/admin-api";
import { openEtcd, type EtcdPlace } from "../../components/etcd/json-api";

/** A Service with a node port. */
export interface NodePortService {
    namespace: string;
    name: string;
    nodePort: number;
}

export interface StorageClass {
    name: string;
    /** Whether this is the default class, which claims without a StorageClass use. */
    isDefault: boolean;
}

/** A node, and whether the scheduler places pods on it. */
export interface NodeState {
    name: string;
    /** Why no pod can be scheduled on the node. Unset if pods can. */
    unfit?: string;
}

/** Read access to the cluster for the checks. Tests use a fake. */
export interface ClusterView {
    /** Address of the API server, for messages. */
    readonly server: string;
    /** Start of a kubectl command that reaches this cluster, for messages. */
    readonly kubectl: string;
    /** Resolves if the API server answers. */
    version(): Promise<unknown>;
    read(ref: ObjectRef): Promise<Live | undefined>;
    list: Lister;
    nodePorts(): Promise<NodePortService[]>;
    storageClasses(): Promise<StorageClass[]>;
    nodes(): Promise<NodeState[]>;
    /** Why the APISIX of a namespace receives no changes; undefined if it receives them, or cannot be queried. */
    gatewayTrouble(namespace: string): Promise<string | undefined>;
    /** Whether an etcd requires no password; false if it cannot be queried. */
    isOpenEtcd(place: EtcdPlace): Promise<boolean>;
}

/** Opens the cluster of a stack. @throws Error if the kubeconfig has no cluster */
export function openCluster(access: PlainAccess): ClusterView {
    const api = openApiServer(access);
    const all = async <T>(path: string) => (await askApi<{ items: T[] }>(api, path)).items;
    return {
        server: api.server,
        kubectl: kubectlOf(access),
        version: () => askApi(api, "/version"),
        read: openReader(access, api),
        list: openLister(access, api),
        nodePorts: async () => {
            const services = await all<V1Service>("/api/v1/services");
            return services.flatMap((s) =>
                (s.spec?.ports ?? []).flatMap((p) =>
                    p.nodePort
                        ? [{ namespace: s.metadata!.namespace!, name: s.metadata!.name!, nodePort: p.nodePort }]
                        : [],
                ),
            );
        },
        storageClasses: async () => {
            const classes = await all<V1StorageClass>("/apis/storage.k8s.io/v1/storageclasses");
            return classes.map(({ metadata }) => ({
                name: metadata!.name!,
                isDefault: metadata?.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true",
            }));
        },
        nodes: async () => (await all<V1Node>("/api/v1/nodes")).map(nodeState),
        gatewayTrouble: (namespace) => adminTrouble(access, namespace),
        isOpenEtcd: (place) =>
            // Any password works for this check: etcd rejects a wrong one only if it requires a password.
            openEtcd(access, place, "unknown").then(
                (member) => (member.close(), !member.asks),
                () => false,
            ),
    };
}

/** Whether pods without tolerations can be scheduled on a node. */
export function nodeState({ metadata, spec, status }: V1Node): NodeState {
    const name = metadata!.name!;
    if (spec?.unschedulable) return { name, unfit: "cordoned" };
    if (status?.conditions?.find((c) => c.type === "Ready")?.status !== "True") return { name, unfit: "not Ready" };
    const taint = spec?.taints?.find((t) => t.effect !== "PreferNoSchedule");
    return taint ? { name, unfit: `taint ${taint.key}` } : { name };
}
