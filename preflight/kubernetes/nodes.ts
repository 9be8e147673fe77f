import type { GatewayClusterArgs } from "../../components/gateway-args";
import { installationOf } from "../../components/apisix/installation";
import { FULL_NAME } from "../../components/apisix/values";
import { LEAST_NODES } from "../../components/apisix/availability";
import { holdIpv4, isIpv4, networkProblem } from "../../components/hosts/networks";
import { NO_FINDINGS, type Findings } from "../findings";
import type { ClusterView, NodeState } from "./cluster";

/** Settings of a gateway that the stack installs, and of its cluster. */
export type InstalledGateway = GatewayClusterArgs & {
    /** Set if the stack creates the cluster. */
    nodes?: object;
};

/**
 * Checks that there are enough nodes for a highly available gateway. Too few nodes stop the installation. They do not stop a
 * change of a running gateway, so that credentials can be revoked while a node is down. A cluster that the stack creates is
 * not checked, because the run may still add nodes.
 */
export async function nodes(settings: InstalledGateway, cluster: ClusterView): Promise<Findings> {
    const { gateway } = settings;
    if (settings.nodes !== undefined) return NO_FINDINGS;
    if (gateway.installer === "existing" || gateway.release.availability === undefined) return NO_FINDINGS;
    const all = await cluster.nodes();
    const fit = all.filter((node) => node.unfit === undefined).length;
    if (fit >= LEAST_NODES) return NO_FINDINGS;
    const said = `cluster: needs ${LEAST_NODES} Ready nodes that accept pods (got ${listed(all)}).`;
    const { namespace } = installationOf(gateway, settings.namespace);
    const there = await cluster.read({ apiVersion: "apps/v1", kind: "Deployment", namespace, name: FULL_NAME });
    if (there)
        return {
            problems: [],
            warnings: [`${said} The gateway keeps running with fewer nodes. Repair the missing nodes.`],
        };
    return {
        problems: [`${said} Add nodes, or allow pods on the existing nodes. Check: kubectl describe nodes`],
        warnings: [],
    };
}

/**
 * Warns about Alpa services whose address is in a pod network of Calico. Calico does not replace the pod's address in
 * packets to such a service (`natOutgoing` of the pool: decision 0011). The service has no route to this address, so its
 * answers never arrive.
 * @returns warnings; empty if the cluster's networks cannot be read
 */
export async function podNetworks({ server }: InstalledGateway, cluster: ClusterView): Promise<Findings> {
    const pools = await cluster.list("crd.projectcalico.org/v1", "IPPool").catch(() => []);
    const warnings = server.endpoints.flatMap(({ address }, i) => {
        const [host] = address.split(":");
        if (!isIpv4(host)) return [];
        return pools.flatMap(({ metadata, spec }) => {
            const { cidr } = (spec ?? {}) as { cidr?: unknown };
            if (typeof cidr !== "string" || networkProblem(cidr) !== undefined || !holdIpv4([cidr], host)) return [];
            return [
                `${server.kind}.endpoints[${i}]: ${host} is in ${cidr}, a network of this cluster's pods (IPPool ${metadata?.name}), so pods get no answers from that host. Change the address of the host or the network of the pods.`,
            ];
        });
    });
    return { problems: [], warnings };
}

function listed(all: NodeState[]): string {
    if (all.length === 0) return "none";
    return all.map(({ name, unfit }) => (unfit === undefined ? name : `${name}: ${unfit}`)).join(", ");
}
