import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { GatewayClusterArgs } from "../components/gateway-cluster";
import type { ClusterAccess } from "../components/kubernetes/kubeconfig";
import { Microk8s, type Microk8sArgs } from "../components/hosts/microk8s/microk8s";
import { owner } from "../components/kubernetes/ownership";

export interface StackCluster {
    cluster: ClusterAccess;
    nodes?: Microk8sArgs;
    /** Kubeconfig to use while the first of `nodes` is down. */
    fallbackAccess?: ClusterAccess;
}

/** The cluster of a stack: an existing one, or one that it creates from hosts. */
export function clusterOf({
    cluster,
    nodes,
    fallbackAccess,
    alpa: { answerTimeoutSeconds },
}: StackCluster & Pick<GatewayClusterArgs, "alpa">): {
    access: ClusterAccess;
    provider: k8s.Provider;
    /**
     * Outputs of the stack. If the stack creates the cluster, they contain the kubeconfig, because no other copy of it
     * exists.
     */
    outputs: { kubeconfig?: pulumi.Output<string> };
} {
    if (nodes === undefined) return { access: cluster, provider: new k8s.Provider("cluster", cluster), outputs: {} };
    const microk8s = new Microk8s("nodes", { ...nodes, answerTimeoutSeconds });
    const kubeconfig = fallbackAccess?.kubeconfig ?? microk8s.kubeconfig;
    // Without `clusterIdentifier`, the provider would treat the kubeconfig of another node as another cluster, and replace
    // all objects. The dependency makes Pulumi delete the cluster's objects before the nodes.
    const after = fallbackAccess === undefined ? {} : { dependsOn: microk8s };
    const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: owner() }, after);
    return { access: { kubeconfig }, provider, outputs: { kubeconfig } };
}
