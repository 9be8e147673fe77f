import type { Reader } from "../kubernetes/cluster-reader";

/**
 * UID of namespace kube-system, which identifies a cluster: it exists as long as the cluster, and a restored backup of etcd
 * keeps it. Kubernetes has no other identity of a cluster.
 */
export async function readClusterUid(read: Reader): Promise<string> {
    const live = await read({ apiVersion: "v1", kind: "Namespace", name: "kube-system" });
    const uid = live?.metadata?.uid;
    if (uid === undefined) throw Object.assign(new Error("it has no namespace kube-system"), { code: 404 });
    return uid;
}
