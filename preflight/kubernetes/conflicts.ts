// What in the cluster is in the way of a gateway: CRDs, an ingress controller and node ports of other owners.
import { installationOf } from "../../components/apisix/values";
import type { GatewayClusterArgs } from "../../components/gateway-args";
import { titleOf, type Live } from "../../components/kubernetes/cluster-reader";
import { DEFINITIONS } from "../../components/kubernetes/crds";
import { OWNER_ANNOTATION } from "../../components/kubernetes/ownership";
import { problem, type Finding } from "../findings";
import type { ClusterView } from "./cluster";
import { definition } from "./required";

/** Name of the cluster role of an ingress controller that Rampart installs. */
const CONTROLLER_ROLE = "component-apisix-ingress-manager-role";

/** Rejects overwriting CRDs of other owners, since CRDs are cluster-wide. */
export async function foreignCrds(
    { gateway }: GatewayClusterArgs,
    cluster: ClusterView,
    owner: string,
): Promise<Finding[]> {
    if (gateway.installer !== "helm" || gateway.crds?.length === 0) return [];
    const found = await Promise.all(DEFINITIONS.map((name) => cluster.read(definition(name))));
    const ownerOf = (live: Live) => live.metadata?.annotations?.[OWNER_ANNOTATION];
    const theirs = found.filter((live) => live !== undefined).filter((live) => ownerOf(live) !== owner);
    if (theirs.length === 0) return [];
    const owners = [...new Set(theirs.flatMap((live) => ownerOf(live) ?? []))];
    const whose = owners.length > 0 ? `, of stack ${owners.join(" and ")}` : "";
    return [
        problem(
            `gateway.crds: would overwrite CRDs that are not this stack's (${theirs.map(({ metadata }) => metadata?.name).join(", ")}${whose}). ` +
                "Set gateway.crds to [] to use the CRDs in the cluster.",
        ),
    ];
}

/**
 * Rejects a second ingress controller of Rampart. The chart names cluster roles after the release, and Rampart calls every
 * release `component`, so a second one fails after Rampart has started to deploy it.
 */
export async function secondController(settings: GatewayClusterArgs, cluster: ClusterView): Promise<Finding[]> {
    const { gateway, namespace } = settings;
    if (gateway.installer !== "rampart") return [];
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: CONTROLLER_ROLE };
    const theirs = (await cluster.read(role))?.metadata?.annotations?.["meta.helm.sh/release-namespace"];
    if (theirs === undefined || theirs === installationOf(gateway.installer, namespace).namespace) return [];
    return [
        problem(
            `gateway.installer: with the value rampart, no second ingress controller can be installed in a cluster (${titleOf(role)} belongs to the one in namespace ${theirs}). ` +
                "To use that ingress controller, set gateway.installer to existing. To install a second one, set it to helm.",
        ),
    ];
}

/** Checks that the gateway's node ports are free, or used by this stack. */
export async function nodePorts({ gateway, namespace }: GatewayClusterArgs, cluster: ClusterView): Promise<Finding[]> {
    if (gateway.installer === "existing") return [];
    const { nodePort, tls } = gateway.release;
    const wanted = { "gateway.nodePort": nodePort, "tls.nodePort": tls?.nodePort };
    const ours = installationOf(gateway.installer, namespace).namespace;
    const services = (await cluster.list("v1", "Service")).filter(({ metadata }) => metadata?.namespace !== ours);
    return Object.entries(wanted).flatMap(([key, port]) => {
        if (port === undefined) return [];
        const holder = services.find(({ spec }) => {
            const { ports = [] } = (spec ?? {}) as { ports?: { nodePort?: number }[] };
            return ports.some((one) => one.nodePort === port);
        });
        if (holder === undefined) return [];
        const { namespace: space, name } = holder.metadata ?? {};
        return [problem(`${key}: ${port} is used by Service ${space}/${name}. Choose another port, or free it.`)];
    });
}
