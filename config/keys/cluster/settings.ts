import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../../../components/kubernetes/kubeconfig";
import type { Microk8sArgs } from "../../../components/hosts/microk8s/microk8s";
import type { NodeHost } from "../../../components/hosts/microk8s/node";
import { DEFAULT_CHANNEL, DEFAULT_WAIT_SECONDS, type ParsedCluster } from "./schema";
import { sshHostOf } from "../hosts/ssh-host";

/** Which cluster: one that is there, or one that the stack makes of hosts. */
export interface ClusterSettings {
    cluster: ClusterAccess;
    /** Unset: the cluster is there. Set: `cluster` leads nowhere, until the stack has made one. */
    nodes?: Microk8sArgs;
}

/** No kubeconfig has such a context: what is asked of it fails, rather than reach the cluster of the environment. */
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

/** Labels and taints are words of kubectl's command line there, in an order that the file does not change. */
function nodeOf({ labels, taints, ...host }: NonNullable<ParsedCluster["nodes"]>[number]): NodeHost {
    const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
        ...sshHostOf(host),
        labels: pairs.map(([name, value]) => `${name}=${value}`),
        taints: taints.map(({ key, value, effect }) => `${key}${value === undefined ? "" : `=${value}`}:${effect}`),
    };
}
