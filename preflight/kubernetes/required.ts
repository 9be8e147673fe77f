import type { GatewayClusterArgs } from "../../components/gateway-args";
import { RAMPART_NAMESPACE } from "../../components/rampart/rampart";
import { titleOf, type ObjectRef } from "../../components/kubernetes/cluster-reader";
import { problem, type Finding } from "../findings";
import type { ClusterView } from "./cluster";

/** An object that must exist before the run, which would otherwise wait in vain. */
export interface Required {
    /** Config key that requires the object, for messages. */
    where: string;
    object: ObjectRef;
    cure: string;
}

export const CORRECT_NAME = "Correct the name, or create it.";

export async function missingObjects(required: Required[], cluster: ClusterView): Promise<Finding[]> {
    const found = await Promise.all(required.map(({ object }) => cluster.read(object)));
    return required
        .filter((_, i) => found[i] === undefined)
        .map(({ where, object, cure }) => problem(`${where}: ${titleOf(object)} does not exist. ${cure}`));
}

export function definition(name: string): ObjectRef {
    return { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name };
}

/** The objects that the gateway requires. @param kubectl start of a command that reaches the cluster, for messages */
export function requiredObjects({ gateway, tls }: GatewayClusterArgs, kubectl: string): Required[] {
    const required: Required[] = [];
    const add = (where: string, object: ObjectRef, cure = CORRECT_NAME) => required.push({ where, object, cure });
    if (gateway.installer === "existing") {
        const { ingressClass, gatewayNamespace, gateway: name } = gateway;
        const where = "gateway.existing";
        add(where, { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", name: ingressClass });
        add(where, {
            ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway" },
            ...{ namespace: gatewayNamespace, name },
        });
    } else if (gateway.release.storageClass !== undefined) {
        const name = gateway.release.storageClass;
        add("gateway.storageClass", { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", name });
    }
    if (gateway.installer === "rampart" && gateway.install === undefined)
        add(
            "gateway.installer: the value rampart needs Rampart in the cluster",
            definition("rampartgraphs.rampart.petuum.com"),
            "Set rampart.install to your chart of Rampart, or gateway.installer to helm.",
        );
    // If the stack creates the namespace, the Secret cannot exist before the first run.
    if (gateway.installer === "rampart" && gateway.install !== undefined && !gateway.install.ownNamespace) {
        const { credentialsSecret } = gateway.install;
        const home = RAMPART_NAMESPACE;
        const create = `Run: ${kubectl} create namespace ${home}`;
        add("rampart.install", { apiVersion: "v1", kind: "Namespace", name: home }, create);
        if (credentialsSecret !== undefined)
            add(
                "rampart.install.credentialsSecret",
                { apiVersion: "v1", kind: "Secret", namespace: home, name: credentialsSecret },
                "Create it, with username and password.",
            );
    }
    if (tls?.source.kind === "cert-manager") {
        add(
            "tls.issuer",
            { apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer", name: tls.source.issuer },
            "Install cert-manager, and create the issuer, or correct its name.",
        );
    }
    return required;
}
