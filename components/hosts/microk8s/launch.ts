import { stringify } from "yaml";

/** Default networks of pods and of Services in MicroK8s, and the address of its DNS. */
export const POD_NETWORK = "10.1.0.0/16";
export const SERVICE_NETWORK = "10.152.183.0/24";
const CLUSTER_DNS = "10.152.183.10";

/**
 * Launch configuration that MicroK8s reads during its installation. It replaces the default one.
 *
 * The authorization modes are set here, because the rbac add-on sets them only on one node. The configuration has no
 * add-ons, because a node that joins discards them, and no join, because MicroK8s would retry a failed join every 5 s
 * without reporting it. Since MicroK8s 1.28, `extraCNIEnv` sets the pod network for both Calico and kube-proxy. MicroK8s
 * requires two more variables with it, which keep their defaults (https://canonical.com/microk8s/docs/change-cidr).
 */
export function renderLaunch(podNetwork: string): string {
    const network = { IPv4_SUPPORT: "true", IPv4_CLUSTER_CIDR: podNetwork, IPv4_SERVICE_CIDR: SERVICE_NETWORK };
    return stringify({
        version: "0.1.0",
        extraKubeAPIServerArgs: { "--authorization-mode": "RBAC,Node" },
        extraKubeletArgs: { "--cluster-domain": "cluster.local", "--cluster-dns": CLUSTER_DNS },
        ...(podNetwork === POD_NETWORK ? {} : { extraCNIEnv: network }),
    });
}
