import { stringify } from "yaml";

/** Address that the launch configuration which MicroK8s brings gives the cluster's DNS. */
const CLUSTER_DNS = "10.152.183.10";

/** StorageClass of a node's own disk, or none. */
export type Storage = "hostpath" | "none";

export interface LaunchSettings {
    role: "control-plane" | "worker";
    /** Whether the node starts the cluster. */
    first: boolean;
    /** Names and addresses that the API server's certificate is for. */
    sans: string[];
    storage: Storage;
}

/**
 * What MicroK8s reads while it is installed (its launch configuration, version 0.1.0). It takes the place of the one that
 * MicroK8s brings, so all that one has and we need is repeated.
 *
 * Without the authorization mode, every token may do everything; the rbac add-on sets it on one node only. Add-ons are the
 * cluster's: a joining node with add-ons of its own would install them into the cluster it leaves. No token and no join:
 * a failed join of a launch configuration is tried for ever, every 5 s, and told to nobody.
 */
export function renderLaunch({ role, first, sans, storage }: LaunchSettings): string {
    const addons = ["dns", ...(storage === "hostpath" ? ["hostpath-storage"] : [])];
    const controlPlane = {
        extraSANs: sans,
        extraKubeAPIServerArgs: { "--authorization-mode": "RBAC,Node" },
    };
    return stringify({
        version: "0.1.0",
        ...(role === "control-plane" ? controlPlane : {}),
        extraKubeletArgs: { "--cluster-domain": "cluster.local", "--cluster-dns": CLUSTER_DNS },
        ...(first ? { addons: addons.map((name) => ({ name })) } : {}),
    });
}
