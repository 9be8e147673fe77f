import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../../../components/kubernetes/kubeconfig";
import type { Microk8sArgs } from "../../../components/hosts/microk8s/microk8s";
import type { NodeHost } from "../../../components/hosts/microk8s/node";
import { DEFAULT_CHANNEL, DEFAULT_WAIT_SECONDS, type ParsedCluster } from "./schema";
import { sshHostOf } from "../hosts/ssh-host";

/** The cluster: an existing one, or one that the stack creates on hosts. */
export interface ClusterSettings {
    cluster: ClusterAccess;
    /**
     * Unset: the cluster exists. Set: `cluster` is a context that does not exist, until the stack has created the
     * cluster.
     */
    nodes?: Microk8sArgs;
}

/** No kubeconfig has such a context: a request with it fails, instead of reaching the cluster of the environment. */
const NOWHERE: ClusterAccess = { context: "(of cluster.nodes)" };

/** Checked values in the shape the components take. */
export function clusterSettings({ kubeconfig, context, nodes, ...wanted }: ParsedCluster): ClusterSettings {
    if (nodes === undefined)
        return { cluster: { kubeconfig: kubeconfig === undefined ? undefined : pulumi.secret(kubeconfig), context } };
    const {
        channel = DEFAULT_CHANNEL,
        sans = [],
        storage = "hostpath",
        waitSeconds = DEFAULT_WAIT_SECONDS,
        ...own
    } = wanted;
    return { cluster: NOWHERE, nodes: { nodes: nodes.map(nodeOf), channel, sans, storage, waitSeconds, ...own } };
}

/** The components pass labels and taints to kubectl as words, in an order that does not depend on the stack file. */
function nodeOf({ labels, taints, ...host }: NonNullable<ParsedCluster["nodes"]>[number]): NodeHost {
    const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
        ...sshHostOf(host),
        labels: pairs.map(([name, value]) => `${name}=${value}`),
        taints: taints.map(({ key, value, effect }) => `${key}${value === undefined ? "" : `=${value}`}:${effect}`),
    };
}
