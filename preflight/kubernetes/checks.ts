import { etcdMembers } from "../../components/apisix/values";
import { etcdNamespace, memberNames } from "../../components/etcd/names";
import { installationOf } from "../../components/apisix/installation";
import type { GatewayClusterArgs } from "../../components/gateway-args";
import { titleOf, type ObjectRef } from "../../components/kubernetes/cluster-reader";
import type { RampartInstall } from "../../components/rampart/rampart";
import type { ClusterView } from "./cluster";
import { definition } from "./crds";
import type { InstalledGateway } from "./nodes";

/** Name of the cluster role of an ingress controller that Rampart installs. */
const CONTROLLER_ROLE = "component-apisix-ingress-manager-role";

/** Requirements of the stack: Rampart, or the existing gateway. */
export async function prerequisites(settings: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { gateway } = settings;
    if (gateway.installer === "rampart") {
        const rampart = gateway.install ? await forInstall(gateway.install, cluster) : await inPlace(cluster);
        return rampart.length > 0
            ? rampart
            : otherController(cluster, installationOf(gateway, settings.namespace).namespace);
    }
    if (gateway.installer === "existing") {
        const missing = await absent(cluster, [
            { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", name: gateway.ingressClass },
            {
                apiVersion: "gateway.networking.k8s.io/v1",
                kind: "Gateway",
                namespace: gateway.gatewayNamespace,
                name: gateway.gateway,
            },
        ]);
        return missing.map((o) => `gateway.existing: ${titleOf(o)} does not exist. Correct the name, or install it.`);
    }
    return [];
}

/** Checks whether Rampart is installed. */
async function inPlace(cluster: ClusterView): Promise<string[]> {
    const missing = await absent(cluster, [
        definition("rampartgraphs.rampart.petuum.com"),
        definition("subnamespaceanchors.hnc.x-k8s.io"),
    ]);
    if (missing.length === 0) return [];
    return [
        `gateway.installer: rampart needs Rampart in the cluster (missing: ${missing.map(titleOf).join(", ")}). ` +
            "Set rampart.install to your chart of Rampart, or choose gateway.installer helm.",
    ];
}

/** Requirements for installing Rampart from the configured chart. */
async function forInstall(install: RampartInstall, cluster: ClusterView): Promise<string[]> {
    const { namespace, ownNamespace, credentialsSecret: name } = install;
    const home = { apiVersion: "v1", kind: "Namespace", name: namespace };
    if ((await absent(cluster, [home])).length > 0) {
        // The Secret cannot exist before the stack has created the namespace, so it is not checked.
        if (ownNamespace) return [];
        return [
            `rampart.install.namespace: ${titleOf(home)} does not exist. Run: ${cluster.kubectl} create namespace ${namespace}`,
        ];
    }
    if (name === undefined) return [];
    const missing = await absent(cluster, [{ apiVersion: "v1", kind: "Secret", namespace, name }]);
    return missing.map(
        (o) =>
            `rampart.install.credentialsSecret: ${titleOf(o)} does not exist. Create it, with username and password.`,
    );
}

/** Checks the StorageClass: etcd and its claims stay pending forever without it. */
export async function storageClass({ gateway, nodes }: InstalledGateway, cluster: ClusterView): Promise<string[]> {
    if (gateway.installer === "existing") return [];
    const wanted = gateway.release.storageClass;
    // The stack creates the default class itself, so the class may be missing after a failed run.
    if (nodes !== undefined && wanted === undefined) return [];
    const classes = await cluster.storageClasses();
    if (classes.some((c) => (wanted === undefined ? c.isDefault : c.name === wanted))) return [];
    const found = `the cluster has ${classes.map((c) => c.name).join(", ") || "none"}`;
    return [
        wanted === undefined
            ? `gateway.storageClass: required, since no StorageClass is the default (${found}). Set it to a StorageClass.`
            : `gateway.storageClass: StorageClass ${wanted} does not exist (${found}). Correct the name, or create it.`,
    ];
}

/**
 * Rejects a second ingress controller of Rampart. The chart names cluster roles after the release, and Rampart calls every
 * release `component`, so a second one fails after Rampart has started to deploy it.
 */
async function otherController(cluster: ClusterView, ours: string): Promise<string[]> {
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: CONTROLLER_ROLE };
    const owner = (await cluster.read(role))?.metadata?.annotations?.["meta.helm.sh/release-namespace"];
    if (owner === undefined || owner === ours) return [];
    return [
        `gateway.installer: with the value rampart, no second ingress controller can be installed in a cluster (${titleOf(role)} belongs to the one in namespace ${owner}). ` +
            "To use that ingress controller, set gateway.installer to existing. To install a second one, set it to helm.",
    ];
}

/** Checks that the gateway's node ports are free, or used by this stack. */
export async function nodePort(settings: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { gateway } = settings;
    if (gateway.installer === "existing") return [];
    const { nodePort: http, tls } = gateway.release;
    const wanted: [key: string, port: number | undefined][] = [
        ["gateway.nodePort", http],
        ["tls.nodePort", tls?.nodePort],
    ];
    if (wanted.every(([, port]) => port === undefined)) return [];
    const ours = installationOf(gateway, settings.namespace).namespace;
    const others = (await cluster.nodePorts()).filter((s) => s.namespace !== ours);
    return wanted.flatMap(([key, port]) => {
        const holder = others.find((s) => s.nodePort === port);
        if (!holder) return [];
        return [
            `${key}: ${port} is used by Service ${holder.namespace}/${holder.name}.` +
                `${port === 30800 ? " Rampart's own gateway uses this port by default." : ""} Choose another port, or free it.`,
        ];
    });
}

/** Reports a gateway whose APISIX receives no changes: a run would time out. */
export async function deafGateway(settings: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { gateway } = settings;
    if (gateway.installer === "existing") return [];
    const trouble = await cluster.gatewayTrouble(installationOf(gateway, settings.namespace).namespace);
    if (trouble === undefined) return [];
    const place = { namespace: etcdNamespace(settings.namespace), pods: memberNames(etcdMembers(gateway.release)) };
    // An etcd that has lost its volume requires no password. This is no problem: the run first sets the password.
    return (await cluster.isOpenEtcd(place)) ? [] : [`gateway: ${trouble}`];
}

/** Returns the objects that do not exist. */
export async function absent(cluster: ClusterView, objects: ObjectRef[]): Promise<ObjectRef[]> {
    const found = await Promise.all(objects.map((o) => cluster.read(o)));
    return objects.filter((_, i) => !found[i]);
}
