import type { V1Pod } from "@kubernetes/client-node";
import type { ControlPlane } from "../../control-plane";
import type { Cluster } from "../cluster";

/** A kubeconfig with the permissions of a pod's ServiceAccount. A program that uses it runs with the chart's RBAC roles. */
export async function serviceAccountOf(
    pod: V1Pod,
    cluster: Pick<Cluster, "rest">,
    controlPlane: Pick<ControlPlane, "tokenKubeconfig">,
): Promise<string> {
    const request = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { expirationSeconds: 86_400 },
    };
    const path = `/api/v1/namespaces/${pod.metadata!.namespace}/serviceaccounts/${pod.spec!.serviceAccountName}/token`;
    const { status } = await cluster.rest.call<{ status: { token: string } }>("POST", path, request);
    return controlPlane.tokenKubeconfig(status.token);
}
