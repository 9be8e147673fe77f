import type { GatewayClusterArgs } from "../../components/gateway-args";
import { etcdMembers } from "../../components/apisix/values";
import { ETCD, etcdNamespace } from "../../components/etcd/names";
import type { Live } from "../../components/kubernetes/cluster-reader";
import { absent } from "./checks";
import type { ClusterView } from "./cluster";

const WAY = 'Restore it, or follow "Replace etcd" in docs/operate/etcd.md.';

/**
 * Rejects changes that a running etcd does not support.
 * - Another StorageClass: Kubernetes would reject it in the middle of the run.
 * - Another number of members: each member starts with the list of all members, so a new list could form a second etcd
 *   cluster, which also reports healthy.
 */
export async function etcdInPlace(settings: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { gateway, namespace } = settings;
    if (gateway.installer === "existing") return [];
    const home = etcdNamespace(namespace);
    if ((await absent(cluster, [{ apiVersion: "v1", kind: "Namespace", name: home }])).length > 0) return [];
    const live = await cluster.read({ apiVersion: "apps/v1", kind: "StatefulSet", namespace: home, name: ETCD });
    if (live === undefined) return [];
    const title = `StatefulSet ${home}/${ETCD}`;
    const { members, storageClass } = stateOf(live);
    const wanted = { members: etcdMembers(gateway.release), storageClass: gateway.release.storageClass };
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
    return problems;
}

function stateOf({ spec }: Live): { members: number; storageClass: string | undefined } {
    const { replicas = 1, volumeClaimTemplates } = (spec ?? {}) as {
        replicas?: number;
        volumeClaimTemplates?: { spec?: { storageClassName?: string } }[];
    };
    return { members: replicas, storageClass: volumeClaimTemplates?.[0]?.spec?.storageClassName };
}

const shown = (storageClass: string | undefined) => storageClass ?? "the cluster's default";
