import { stringify } from "yaml";

/** Address of the cluster's DNS in MicroK8s' default launch configuration. */
const CLUSTER_DNS = "10.152.183.10";

/** Default networks of pods and of Services in MicroK8s. */
export const POD_NETWORK = "10.1.0.0/16";
export const SERVICE_NETWORK = "10.152.183.0/24";

/** StorageClass of a node's own disk, or none. */
export type Storage = "hostpath" | "none";
/** Name of that StorageClass. */
export const HOSTPATH_CLASS = "microk8s-hostpath";

export interface LaunchSettings {
    role: "control-plane" | "worker";
    /** Whether the node starts the cluster. */
    first: boolean;
    /** Names and addresses in the API server's certificate. */
    sans: string[];
    storage: Storage;
    /** Network that pods get their addresses from. Unset: {@link POD_NETWORK}. */
    podNetwork?: string;
}

/** Names and addresses in the certificate of a node. @param sans those of every node, in addition to its own */
export function certificateNames({ role, address }: { role: string; address: string }, sans: string[]): string[] {
    return role === "control-plane" ? [...new Set([address, ...sans])] : [];
}

/**
 * What MicroK8s reads while it is installed (its launch configuration, version 0.1.0). It replaces the default
 * configuration of MicroK8s, so it repeats the parts of that one that are needed.
 *
 * Without the authorization mode, every token may do everything; the rbac add-on sets it on one node only. Add-ons are the
 * cluster's: a joining node with add-ons of its own would install them into the cluster it leaves. No token and no join:
 * a failed join of a launch configuration is retried every 5 s for ever, and reported nowhere.
 *
 * The pods' network is Calico's pool and kube-proxy's cluster-cidr alike: `extraCNIEnv`, since MicroK8s 1.28. It is read with
 * its two companions, which are as they are anyway (https://canonical.com/microk8s/docs/change-cidr).
 */
export function renderLaunch({ role, first, sans, storage, podNetwork }: LaunchSettings): string {
    const addons = ["dns", ...(storage === "hostpath" ? ["hostpath-storage"] : [])];
    const controlPlane = {
        extraSANs: sans,
        extraKubeAPIServerArgs: { "--authorization-mode": "RBAC,Node" },
    };
    return stringify({
        version: "0.1.0",
        ...(role === "control-plane" ? controlPlane : {}),
        ...(podNetwork === undefined
            ? {}
            : {
                  extraCNIEnv: {
                      IPv4_SUPPORT: "true",
                      IPv4_CLUSTER_CIDR: podNetwork,
                      IPv4_SERVICE_CIDR: SERVICE_NETWORK,
                  },
              }),
        extraKubeletArgs: { "--cluster-domain": "cluster.local", "--cluster-dns": CLUSTER_DNS },
        ...(first ? { addons: addons.map((name) => ({ name })) } : {}),
    });
}
