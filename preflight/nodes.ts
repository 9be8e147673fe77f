import type { GatewayClusterArgs } from "../components/gateway-cluster";
import { FULL_NAME } from "../components/parts/apisix-values";
import { LEAST_NODES } from "../components/parts/availability";
import type { ClusterView, NodeState } from "./cluster";
import { gatewayNamespace } from "./planned";

/** What a stack is to install, and on what. */
export type Looked = GatewayClusterArgs & {
    /** Set where the stack makes the cluster, with the StorageClass that it gives it. */
    nodes?: { storage?: string };
};

/** What the look at the nodes found. */
export interface NodeFindings {
    problems: string[];
    warnings: string[];
}

/**
 * A highly available gateway needs nodes to be on. With too few, it is not installed; one that is there already may be
 * changed all the same, since a credential must be revocable while a node is away. Where the stack makes the cluster, a run
 * that failed may have left fewer, and this one makes the rest.
 */
export async function nodes(settings: Looked, cluster: ClusterView): Promise<NodeFindings> {
    const { gateway } = settings;
    if (settings.nodes !== undefined) return { problems: [], warnings: [] };
    if (gateway.installer === "existing" || gateway.release.availability === undefined)
        return { problems: [], warnings: [] };
    const all = await cluster.nodes();
    if (all.filter((node) => node.unfit === undefined).length >= LEAST_NODES) return { problems: [], warnings: [] };
    const said = `cluster: must have ${LEAST_NODES} Ready nodes that take pods (got ${listed(all)}).`;
    const namespace = gatewayNamespace(settings);
    const there = await cluster.read({ apiVersion: "apps/v1", kind: "Deployment", namespace, name: FULL_NAME });
    if (there) return { problems: [], warnings: [`${said} The gateway goes on with fewer: bring them back.`] };
    return { problems: [`${said} Add nodes, or let pods onto those there are: kubectl describe nodes`], warnings: [] };
}

function listed(all: NodeState[]): string {
    if (all.length === 0) return "none";
    return all.map(({ name, unfit }) => (unfit === undefined ? name : `${name}: ${unfit}`)).join(", ");
}
