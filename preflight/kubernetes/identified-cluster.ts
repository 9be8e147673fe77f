import * as pulumi from "@pulumi/pulumi";
import { readClusterUid } from "../../components/identity/cluster-uid";
import type { Identity } from "../../components/records/record-rules";
import { openReader, type Reader } from "../../components/kubernetes/cluster-reader";
import { OWNER_ANNOTATION } from "../../components/kubernetes/ownership";
import { plainAccess, type ClusterAccess } from "../../components/kubernetes/kubeconfig";
import { kubeconfigContent, serverOf } from "../../components/kubernetes/kubeconfig-content";
import { PreflightError } from "../findings";
import { answered } from "./cluster";

/** A cluster with its identity. */
interface IdentifiedCluster {
    kubeconfig: pulumi.Output<string>;
    clusterUid: string;
    identity: Identity;
}

/**
 * Opens the stack's cluster, before any check.
 * @param target namespace and owner of the stack's objects, if it may move: whether the cluster has them is part of the answer
 * @returns a kubeconfig that depends on no file and no environment, and the UID of its cluster
 * @throws PreflightError without a usable kubeconfig, and for a cluster that does not answer in 30 s
 */
export async function identifiedCluster(
    cluster: ClusterAccess,
    target?: { namespace: string; owner: string },
): Promise<IdentifiedCluster> {
    const kubeconfig = contentOf(await plainAccess(cluster));
    const server = serverOf(kubeconfig);
    const read = openReader({ kubeconfig });
    const clusterUid = await answered(server, readClusterUid(read));
    const isTaken = target !== undefined && (await ownerOf(read, target.namespace)) === target.owner;
    const identity = { id: clusterUid, at: server, by: "KUBECONFIG, cluster.kubeconfig or cluster.context" };
    return {
        kubeconfig: pulumi.secret(kubeconfig),
        clusterUid,
        identity: isTaken ? { ...identity, taken: target.namespace } : identity,
    };
}

async function ownerOf(read: Reader, name: string): Promise<unknown> {
    const live = await read({ apiVersion: "v1", kind: "Namespace", name });
    return live?.metadata?.annotations?.[OWNER_ANNOTATION];
}

function contentOf(access: Parameters<typeof kubeconfigContent>[0]): string {
    try {
        return kubeconfigContent(access);
    } catch (error) {
        throw new PreflightError("the cluster", [
            `cluster: no usable kubeconfig (${(error as Error).message}). Set cluster.kubeconfig, cluster.context or KUBECONFIG.`,
        ]);
    }
}
