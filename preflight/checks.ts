import type { IntraClusterArgs } from "../components/intra-cluster";
import type { ObjectRef } from "../components/parts/cluster-reader";
import { OWNER_ANNOTATION } from "../components/parts/ownership";
import type { ClusterView } from "./cluster";
import { gatewayNamespace, plannedObjects } from "./planned";

/** Reads at a time: enough for a thousand consumers in seconds, few enough for the API server's own limits. */
const READS_AT_ONCE = 20;

/** Name the chart gives the role of an ingress controller that Rampart installs. */
const CONTROLLER_ROLE = "component-apisix-ingress-manager-role";

/** What the stack stands on: Rampart, or the gateway in place. */
export async function prerequisites(settings: IntraClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { gateway } = settings;
    if (gateway.installer === "rampart" && !gateway.install) {
        const missing = await absent(cluster, [
            crd("rampartgraphs.rampart.petuum.com"),
            crd("subnamespaceanchors.hnc.x-k8s.io"),
        ]);
        if (missing.length > 0)
            return [
                `gateway.installer: rampart needs Rampart in the cluster (${missing.map(title).join(" and ")} missing). ` +
                    "Set rampart.install to your chart of it, or choose gateway.installer helm.",
            ];
        return otherController(cluster, gatewayNamespace(settings)!);
    }
    if (gateway.installer === "rampart" && gateway.install?.credentialsSecret) {
        const { namespace, credentialsSecret: name } = gateway.install;
        const missing = await absent(cluster, [{ apiVersion: "v1", kind: "Secret", namespace, name }]);
        return missing.map(
            (o) => `rampart.install.credentialsSecret: ${title(o)} must exist, with username and password. Create it.`,
        );
    }
    if (gateway.installer === "existing") {
        const missing = await absent(cluster, [
            crd("apisixroutes.apisix.apache.org"),
            crd("consumers.apisix.apache.org"),
            { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", name: gateway.ingressClass },
            {
                apiVersion: "gateway.networking.k8s.io/v1",
                kind: "Gateway",
                namespace: gateway.gatewayNamespace,
                name: gateway.gateway,
            },
        ]);
        return missing.map((o) => `gateway.existing: ${title(o)} must exist. Correct the name, or install it.`);
    }
    return [];
}

/**
 * The chart names the ingress controller's cluster roles after the release, and Rampart calls every release
 * `component`: a second graph with an ingress controller fails, and only after Rampart has started to deploy it.
 */
async function otherController(cluster: ClusterView, ours: string): Promise<string[]> {
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: CONTROLLER_ROLE };
    const owner = (await cluster.read(role))?.metadata?.annotations?.["meta.helm.sh/release-namespace"];
    if (owner === undefined || owner === ours) return [];
    return [
        `gateway.installer: rampart cannot install a second ingress controller (${title(role)} belongs to the one in namespace ${owner}). ` +
            "Bind to that one with gateway.installer existing, or choose helm.",
    ];
}

/** The entry point's port must be free, or ours. */
export async function nodePort(settings: IntraClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { gateway } = settings;
    if (gateway.installer === "existing") return [];
    const wanted = gateway.release.nodePort;
    const ours = gatewayNamespace(settings);
    const holder = (await cluster.nodePorts()).find((s) => s.nodePort === wanted && s.namespace !== ours);
    if (!holder) return [];
    return [
        `gateway.nodePort: ${wanted} is held by Service ${holder.namespace}/${holder.name}` +
            `${wanted === 30800 ? ", as Rampart's own gateway does" : ""}. Choose another port, or free it.`,
    ];
}

/** Objects of our names that another made: server-side apply would take them over without a word. */
export async function foreignObjects(
    settings: IntraClusterArgs,
    cluster: ClusterView,
    owner: string,
): Promise<string[]> {
    const home = { apiVersion: "v1", kind: "Namespace", name: settings.namespace };
    const absentNamespaces = new Set<string | undefined>();
    for (const name of [home.name, gatewayNamespace(settings)])
        if (name && !(await cluster.read({ ...home, name }))) absentNamespaces.add(name);
    const planned = plannedObjects(settings).filter((o) => !absentNamespaces.has(o.namespace));
    const problems: string[] = [];
    for (let i = 0; i < planned.length; i += READS_AT_ONCE) {
        const batch = planned.slice(i, i + READS_AT_ONCE);
        const live = await Promise.all(batch.map((o) => cluster.read(o)));
        live.forEach((object, j) => {
            const theirs = object?.metadata?.annotations?.[OWNER_ANNOTATION];
            if (object && theirs !== owner) problems.push(foreign(batch[j], theirs, owner));
        });
    }
    return problems;
}

function foreign(object: ObjectRef, theirs: string | undefined, owner: string): string {
    const kubectl = `kubectl annotate --overwrite ${object.namespace ? `-n ${object.namespace} ` : ""}${object.kind.toLowerCase()} ${object.name} ${OWNER_ANNOTATION}=${owner}`;
    return (
        `${title(object)}: exists and is not this stack's (${theirs ? `it belongs to stack ${theirs}` : "it has no owner"}). ` +
        `Choose other names, delete it, or hand it over: ${kubectl}`
    );
}

async function absent(cluster: ClusterView, objects: ObjectRef[]): Promise<ObjectRef[]> {
    const found = await Promise.all(objects.map((o) => cluster.read(o)));
    return objects.filter((_, i) => !found[i]);
}

function crd(name: string): ObjectRef {
    return { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name };
}

function title({ kind, namespace, name }: ObjectRef): string {
    return `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}
