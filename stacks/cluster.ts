import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { GatewayClusterArgs } from "../components/gateway-args";
import { openReader } from "../components/kubernetes/cluster-reader";
import { readClusterUid } from "../components/identity/cluster-uid";
import type { ClusterAccess } from "../components/kubernetes/kubeconfig";
import { Microk8s, type Microk8sArgs } from "../components/hosts/microk8s/microk8s";

export interface StackCluster {
    /** With `nodes`, only the UID is used. It is unset until the hosts form a cluster. */
    cluster: ClusterAccess;
    nodes?: Microk8sArgs;
    /** Recorded identity of the cluster. It is deleted after everything in the cluster, so that a failed destroy keeps it. */
    identity?: pulumi.Resource;
    /** Kubeconfig to use while the first of `nodes` is down. */
    fallbackAccess?: ClusterAccess;
}

/**
 * The cluster of a stack: an existing one, or one that it creates from hosts.
 * @param seed secret of the stack
 */
export function clusterOf(
    {
        cluster,
        nodes,
        fallbackAccess,
        identity,
        server: { answerTimeoutSeconds },
    }: StackCluster & Pick<GatewayClusterArgs, "server">,
    seed: pulumi.Output<string>,
): {
    access: ClusterAccess;
    provider: k8s.Provider;
    /**
     * Outputs of the stack. If the stack creates the cluster, they contain the kubeconfig, because no other copy of it
     * exists.
     */
    outputs: { kubeconfig?: pulumi.Output<string> };
} {
    const dependsOn = identity === undefined ? [] : [identity];
    if (nodes === undefined) {
        const { kubeconfig, clusterUid } = cluster;
        const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: clusterUid }, { dependsOn });
        return { access: cluster, provider, outputs: {} };
    }
    const microk8s = new Microk8s("nodes", { ...nodes, answerTimeoutSeconds }, seed);
    const kubeconfig = fallbackAccess?.kubeconfig ?? microk8s.kubeconfig;
    const clusterUid =
        cluster.clusterUid ??
        pulumi.unsecret(kubeconfig.apply((text) => readClusterUid(openReader({ kubeconfig: text }))));
    // The dependency makes Pulumi delete the cluster's objects before the nodes.
    const after = { dependsOn: fallbackAccess === undefined ? dependsOn : [...dependsOn, microk8s] };
    const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: clusterUid }, after);
    return { access: { kubeconfig, clusterUid }, provider, outputs: { kubeconfig } };
}
