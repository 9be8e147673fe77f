import type { GatewayClusterArgs } from "../../components/gateway-args";
import type { Live, ObjectRef } from "../../components/kubernetes/cluster-reader";
import { DEFINITIONS, WATCHED_VERSIONS, WRITTEN_VERSIONS } from "../../components/kubernetes/crds";
import { OWNER_ANNOTATION } from "../../components/kubernetes/ownership";
import type { ClusterView } from "./cluster";

/** CRDs of the kinds whose objects only a stack with its own gateway creates. */
const OF_OUR_OWN_GATEWAY = ["gatewayproxies.apisix.apache.org", "gatewayclasses.gateway.networking.k8s.io"];

export function definition(name: string): ObjectRef {
    return { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name };
}

/**
 * Checks CRDs, which are cluster-wide. The run must not overwrite CRDs of other owners, and existing CRDs must serve the
 * versions that this project writes, since Helm never updates a CRD.
 */
export async function crdProblems(
    settings: GatewayClusterArgs,
    cluster: ClusterView,
    owner: string,
): Promise<string[]> {
    const { gateway } = settings;
    if (gateway.installer === "helm" && gateway.crds?.length !== 0) return othersCrds(cluster, owner);
    const versions: Record<string, string> = { ...WRITTEN_VERSIONS, ...WATCHED_VERSIONS };
    const names = Object.keys(versions).filter(
        (name) => gateway.installer !== "existing" || !OF_OUR_OWN_GATEWAY.includes(name),
    );
    const found = await Promise.all(names.map((name) => cluster.read(definition(name))));
    const problems: string[] = [];
    names.forEach((name, i) => {
        const live = found[i];
        const wanted = versions[name];
        const why =
            name in WATCHED_VERSIONS ? ", and without it the ingress controller exits two minutes after its start" : "";
        // When Rampart installs the chart, it creates missing CRDs.
        if (!live && gateway.installer !== "rampart")
            problems.push(
                `gateway.${gateway.installer === "helm" ? "crds" : "existing"}: CustomResourceDefinition ${name} does not exist${why}. Install the CRDs of ingress controller 2.x and of Gateway API.`,
            );
        else if (live && !served(live).includes(wanted))
            problems.push(
                `CustomResourceDefinition ${name}: does not serve version ${wanted} (it serves ${served(live).join(", ") || "none"}). ` +
                    "Helm never updates a CRD. Apply the CRDs of ingress controller 2.x and of Gateway API.",
            );
    });
    return problems;
}

async function othersCrds(cluster: ClusterView, owner: string): Promise<string[]> {
    const found = await Promise.all(DEFINITIONS.map((name) => cluster.read(definition(name))));
    const theirs = DEFINITIONS.filter((_, i) => found[i] && annotation(found[i]) !== owner);
    if (theirs.length === 0) return [];
    const owners = [...new Set(found.flatMap((live) => (live ? [annotation(live)] : [])))].filter(
        (one) => one !== undefined && one !== owner,
    );
    const whose = owners.length > 0 ? `, of stack ${owners.join(" and ")}` : "";
    return [
        `gateway.crds: would overwrite CRDs that are not this stack's (${theirs.join(", ")}${whose}). ` +
            "Set gateway.crds to [] to use the CRDs in the cluster.",
    ];
}

function annotation(live: Live | undefined): string | undefined {
    return live?.metadata?.annotations?.[OWNER_ANNOTATION];
}

function served(live: Live): string[] {
    const { versions = [] } = (live.spec ?? {}) as { versions?: { name: string; served: boolean }[] };
    return versions.filter((version) => version.served).map((version) => version.name);
}
