import * as pulumi from "@pulumi/pulumi";
import { answerWithin } from "../../components/kubernetes/until-settled";
import { openReader } from "../../components/kubernetes/cluster-reader";
import { readClusterUid } from "../../components/identity/cluster-uid";
import { plainAccess, type ClusterAccess } from "../../components/kubernetes/kubeconfig";
import { kubeconfigContent, serverOf } from "../../components/kubernetes/kubeconfig-content";
import { LIMIT_SECONDS, noKubeconfig, unanswered } from "./check-cluster";
import { PreflightError } from "../preflight-error";

/** A cluster with its identity. */
interface IdentifiedCluster {
    kubeconfig: pulumi.Output<string>;
    clusterUid: string;
    /** Address of the API server. */
    server: string;
}

/**
 * Opens the stack's cluster, before any check.
 * @returns a kubeconfig that depends on no file and no environment, and the UID of its cluster
 * @throws PreflightError without a usable kubeconfig, and for a cluster that does not answer in 30 s
 */
export async function identifiedCluster(cluster: ClusterAccess): Promise<IdentifiedCluster> {
    const kubeconfig = usedKubeconfig(await plainAccess(cluster));
    const server = serverOf(kubeconfig);
    const clusterUid = await answerWithin(LIMIT_SECONDS, readClusterUid(openReader({ kubeconfig }))).catch(
        (error: unknown) => {
            throw new PreflightError("the cluster", [unanswered(server, error)]);
        },
    );
    return { kubeconfig: pulumi.secret(kubeconfig), clusterUid, server };
}

function usedKubeconfig(access: Awaited<ReturnType<typeof plainAccess>>): string {
    try {
        return kubeconfigContent(access);
    } catch (error) {
        throw new PreflightError("the cluster", [noKubeconfig(error)]);
    }
}
