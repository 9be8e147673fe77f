import type { GatewayClusterArgs } from "../../components/gateway-args";
import { etcdSettings } from "../../components/apisix/values";
import { ETCD, etcdNamespace } from "../../components/etcd/names";
import { problem, type Finding } from "../findings";
import type { ClusterView } from "./cluster";

const WAY = 'Restore it, or follow "Replace etcd" in docs/operate/etcd.md.';

/**
 * Rejects changes that a running etcd does not support.
 * - Another StorageClass: Kubernetes would reject it in the middle of the run.
 * - Another number of members: each member starts with the list of all members, so a new list could form a second etcd
 *   cluster, which also reports healthy.
 */
export async function etcdInPlace(
    { gateway, namespace }: GatewayClusterArgs,
    cluster: ClusterView,
): Promise<Finding[]> {
    if (gateway.installer === "existing") return [];
    const home = etcdNamespace(namespace);
    const live = await cluster.read({ apiVersion: "apps/v1", kind: "StatefulSet", namespace: home, name: ETCD });
    if (live === undefined) return [];
    const title = `StatefulSet ${home}/${ETCD}`;
    const { replicas: members = 1, volumeClaimTemplates } = (live.spec ?? {}) as {
        replicas?: number;
        volumeClaimTemplates?: { spec?: { storageClassName?: string } }[];
    };
    const storageClass = volumeClaimTemplates?.[0]?.spec?.storageClassName;
    const wanted = etcdSettings(gateway.release);
    const shown = (name: string | undefined) => name ?? "the cluster's default";
    const problems: string[] = [];
    if (storageClass !== wanted.storageClass)
        problems.push(
            `gateway.storageClass: cannot change from ${shown(storageClass)} to ${shown(wanted.storageClass)}, since ${title} exists and Kubernetes rejects another class for its volumes. ${WAY}`,
        );
    // After a manual scale-down, the run restores the number of members.
    if (members !== wanted.members && members !== 0)
        problems.push(
            `option: etcd (${title}) cannot change from ${members} to ${wanted.members} members in place, because the members could form two clusters. ${WAY}`,
        );
    return problems.map(problem);
}
