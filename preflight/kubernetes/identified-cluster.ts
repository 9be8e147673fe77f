import * as pulumi from "@pulumi/pulumi";
import { readClusterUid } from "../../components/identity/cluster-uid";
import type { Identity } from "../../components/records/identity-rule";
import { openReader } from "../../components/kubernetes/cluster-reader";
import type { ClusterAccess } from "../../components/kubernetes/kubeconfig";
import { kubeconfigContent, serverOf } from "../../components/kubernetes/kubeconfig-content";
import { answered, opened } from "./check-cluster";

/** A cluster with its identity. */
interface IdentifiedCluster {
    kubeconfig: pulumi.Output<string>;
    clusterUid: string;
    identity: Identity;
}

/**
 * Opens the stack's cluster, before any check.
 * @returns a kubeconfig that depends on no file and no environment, and the UID of its cluster
 * @throws PreflightError without a usable kubeconfig, and for a cluster that does not answer in 30 s
 */
export async function identifiedCluster(cluster: ClusterAccess): Promise<IdentifiedCluster> {
    const kubeconfig = await opened(cluster, kubeconfigContent);
    const server = serverOf(kubeconfig);
    const clusterUid = await answered({ server }, readClusterUid(openReader({ kubeconfig })));
    const identity = { id: clusterUid, at: server, by: "KUBECONFIG, cluster.kubeconfig or cluster.context" };
    return { kubeconfig: pulumi.secret(kubeconfig), clusterUid, identity };
}
