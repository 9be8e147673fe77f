import { secret } from "@pulumi/pulumi/output";
import type { ClusterAccess } from "../../../components/kubernetes/kubeconfig";
import type { Microk8sArgs, NodeHost } from "../../../components/hosts/microk8s/microk8s";
import { DEFAULT_CHANNEL, type ParsedCluster } from "./schema";
import { sshHostOf, type ParsedSsh } from "../hosts/ssh-host";

/** The cluster: an existing one, or one that the stack creates on hosts. */
export interface ClusterSettings {
    cluster: ClusterAccess;
    /**
     * Nodes of a cluster that the stack creates; unset for an existing cluster. Until the cluster exists, no kubeconfig has
     * the context in `cluster`.
     */
    nodes?: Microk8sArgs;
}

/**
 * A context that no kubeconfig contains, so that requests fail. Without a context, they would reach the cluster of the
 * environment's kubeconfig.
 */
const NOWHERE: ClusterAccess = { context: "(of cluster.nodes)" };

/** Converts checked values into settings of the components. */
export function clusterSettings(
    { kubeconfig, context, nodes, ...wanted }: ParsedCluster,
    login: ParsedSsh | undefined,
): ClusterSettings {
    if (nodes === undefined)
        return { cluster: { kubeconfig: kubeconfig === undefined ? undefined : secret(kubeconfig), context } };
    const { channel = DEFAULT_CHANNEL, ...own } = wanted;
    return { cluster: NOWHERE, nodes: { nodes: nodes.map((node) => nodeOf(node, login!)), channel, ...own } };
}

/** Converts labels into arguments of kubectl, in an order that does not depend on the stack file. */
function nodeOf({ labels, ...host }: NonNullable<ParsedCluster["nodes"]>[number], login: ParsedSsh): NodeHost {
    const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    return { ...sshHostOf(host, login), labels: pairs.map(([name, value]) => `${name}=${value}`) };
}
