import * as k8s from "@kubernetes/client-node";
import {
    kubeConfigOf,
    openLister,
    openReader,
    type Lister,
    type Live,
    type ObjectRef,
    type PlainAccess,
} from "../components/parts/cluster-reader";

/** A Service that holds a port on every node. */
export interface NodePortService {
    namespace: string;
    name: string;
    nodePort: number;
}

export interface StorageClass {
    name: string;
    /** Taken by claims that name none. */
    isDefault: boolean;
}

/** What the checks look at. Tests give their own. */
export interface ClusterView {
    /** Address of the API server, for messages. */
    readonly server: string;
    /** Answers when the API server does. */
    version(): Promise<unknown>;
    read(ref: ObjectRef): Promise<Live | undefined>;
    list: Lister;
    nodePorts(): Promise<NodePortService[]>;
    storageClasses(): Promise<StorageClass[]>;
}

/** Opens the cluster of a stack. @throws Error when the access names no cluster */
export function openCluster(access: PlainAccess): ClusterView {
    const config = kubeConfigOf(access);
    const server = config.getCurrentCluster()?.server;
    if (!server) throw new Error(`the kubeconfig has no cluster for context ${config.getCurrentContext() ?? "(none)"}`);
    return {
        server,
        version: () => config.makeApiClient(k8s.VersionApi).getCode(),
        read: openReader(access),
        list: openLister(access),
        nodePorts: async () => {
            const services = await config.makeApiClient(k8s.CoreV1Api).listServiceForAllNamespaces();
            return services.items.flatMap((s) =>
                (s.spec?.ports ?? []).flatMap((p) =>
                    p.nodePort
                        ? [{ namespace: s.metadata!.namespace!, name: s.metadata!.name!, nodePort: p.nodePort }]
                        : [],
                ),
            );
        },
        storageClasses: async () => {
            const { items } = await config.makeApiClient(k8s.StorageV1Api).listStorageClass();
            return items.map(({ metadata }) => ({
                name: metadata!.name!,
                isDefault: metadata?.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true",
            }));
        },
    };
}
