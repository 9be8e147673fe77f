import { stringify } from "yaml";

/** Address of the cluster's DNS in MicroK8s' default launch configuration. */
const CLUSTER_DNS = "10.152.183.10";

/** Default networks of pods and of Services in MicroK8s. */
export const POD_NETWORK = "10.1.0.0/16";
export const SERVICE_NETWORK = "10.152.183.0/24";

/** StorageClass for the node's own disk, or none. */
export type Storage = "hostpath" | "none";
/** Name of the StorageClass for the node's own disk. */
export const HOSTPATH_CLASS = "microk8s-hostpath";

export interface LaunchSettings {
    role: "control-plane" | "worker";
    /** Whether the node starts the cluster. */
    first: boolean;
    /** Names and addresses in the API server's certificate. */
    sans: string[];
    storage: Storage;
    /** Pod network. Default: {@link POD_NETWORK}. */
    podNetwork?: string;
}

/** Names and addresses in a control-plane node's certificate: its address, and `cluster.sans`. Empty for a worker. */
export function certificateNames({ role, address }: { role: string; address: string }, sans: string[]): string[] {
    return role === "control-plane" ? [...new Set([address, ...sans])] : [];
}

/**
 * Launch configuration that MicroK8s reads during its installation (version 0.1.0). It replaces the default configuration,
 * so it repeats the required parts of the default.
 *
 * The authorization mode is set here, because every token would otherwise have all permissions, and the rbac add-on sets
 * the mode only on one node. Only the first node installs add-ons, because other nodes discard theirs when they join. The
 * configuration does not join the node, because MicroK8s would retry a failed join every 5 s without reporting it.
 *
 * Since MicroK8s 1.28, `extraCNIEnv` sets the pod network for both Calico and kube-proxy. MicroK8s requires two more
 * variables with it, which keep their defaults (https://canonical.com/microk8s/docs/change-cidr).
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
