import { installationOf } from "../../components/apisix/values";
import { etcdNamespace } from "../../components/etcd/names";
import type { GatewayClusterArgs } from "../../components/gateway-args";
import { titleOf, type ObjectRef } from "../../components/kubernetes/cluster-reader";
import { OWNER_ANNOTATION } from "../../components/kubernetes/ownership";
import { RAMPART_NAMESPACE } from "../../components/rampart/rampart";
import { operatorNamespace } from "../../components/opt/opt-operator";
import { problem, type Finding } from "../findings";
import type { ClusterView } from "./cluster";

/**
 * Rejects namespaces and cluster-wide names of this stack that have other owners: server-side apply would silently overwrite
 * the objects of their owners. What is in a namespace of this stack is this stack's.
 * @returns one problem that names all these objects
 */
export async function foreignOwners(
    settings: GatewayClusterArgs,
    cluster: ClusterView,
    owner: string,
): Promise<Finding[]> {
    const foreign = new Map<string | undefined, ObjectRef[]>();
    for (const ref of ownedNames(settings)) {
        const live = await cluster.read(ref);
        const theirs = live?.metadata?.annotations?.[OWNER_ANNOTATION];
        if (live === undefined || theirs === owner) continue;
        foreign.set(theirs, [...(foreign.get(theirs) ?? []), ref]);
    }
    if (foreign.size === 0) return [];
    const groups = [...foreign].map(([theirs, group]) => `\n      - ${ofOwner(theirs, group, owner, cluster.kubectl)}`);
    return [
        problem(
            `cluster: ${cluster.server} has objects of other owners with names of this stack. ` +
                `If it is the wrong cluster, correct cluster, or KUBECONFIG. Otherwise choose other names. The objects:${groups.join("")}`,
        ),
    ];
}

/**
 * Namespaces that the stack creates, and its cluster-wide names. CRDs have a check of their own. Rampart's webhook rejects a
 * graph if a namespace of its components exists, and Helm rejects cluster roles of another release.
 */
export function ownedNames({ namespace, gateway, conversion }: GatewayClusterArgs): ObjectRef[] {
    const namespaces = [namespace];
    const classes: ObjectRef[] = [];
    if (gateway.installer !== "existing") {
        namespaces.push(etcdNamespace(namespace));
        classes.push(
            { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", name: namespace },
            { apiVersion: "gateway.networking.k8s.io/v1", kind: "GatewayClass", name: namespace },
        );
    }
    if (gateway.installer === "helm") namespaces.push(installationOf(gateway.installer, namespace).namespace);
    if (gateway.installer === "rampart" && gateway.install?.ownNamespace) namespaces.push(RAMPART_NAMESPACE);
    const chart = conversion?.opt.shape === "kuberay" ? conversion.opt.operatorChart : undefined;
    if (chart !== undefined && gateway.installer !== "rampart") namespaces.push(operatorNamespace(namespace));
    return [...namespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", name })), ...classes];
}

/**
 * Names the objects of one owner, and says how they can become this stack's. An object of another stack is never taken over,
 * since that stack would write it again. Pulumi rejects the name of a stack that exists, so renaming back is safe.
 */
function ofOwner(theirs: string | undefined, objects: ObjectRef[], owner: string, kubectl: string): string {
    const names = objects.map(titleOf).join(", ");
    if (theirs !== undefined)
        return `of stack ${theirs}: ${names}. If this stack had that name, rename it back with pulumi stack rename.`;
    const [{ kind, name }] = objects;
    return (
        `without an owner: ${names}. Delete them, or let this stack take over and overwrite each one (a namespace with all that is in it), ` +
        `for example: ${kubectl} annotate ${kind.toLowerCase()} ${name} ${OWNER_ANNOTATION}=${owner}`
    );
}
