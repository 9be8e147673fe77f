import type { GatewayClusterArgs } from "../../components/gateway-cluster";
import { etcdMembers, etcdName } from "../../components/apisix/values";
import type { Live } from "../../components/kubernetes/cluster-reader";
import { installationOf } from "../../components/apisix/installation";
import { absent } from "./checks";
import type { ClusterView } from "./cluster";

const WAY = 'Set it back, or follow "Replace etcd" in docs/operate/etcd.md.';

/**
 * Settings that cannot change in place for a running etcd. Kubernetes rejects another StorageClass of a StatefulSet, in
 * the middle of a run; and members that join one by one find no state of the cluster from the chart (etcd 12.0.18), so
 * they can form a second cluster, which reports healthy like the first.
 */
export async function etcdInPlace(settings: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { gateway, namespace } = settings;
    if (gateway.installer === "existing") return [];
    const installation = installationOf(gateway, namespace);
    const home = { apiVersion: "v1", kind: "Namespace", name: installation.namespace };
    if ((await absent(cluster, [home])).length > 0) return [];
    const name = etcdName(installation);
    const live = await cluster.read({
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        namespace: installation.namespace,
        name,
    });
    if (live === undefined) return [];
    const title = `StatefulSet ${installation.namespace}/${name}`;
    const { members, storageClass } = stateOf(live);
    const wanted = { members: etcdMembers(gateway.release), storageClass: gateway.release.storageClass };
    const problems: string[] = [];
    if (storageClass !== wanted.storageClass)
        problems.push(
            `gateway.storageClass: cannot change from ${shown(storageClass)} to ${shown(wanted.storageClass)}, since Kubernetes rejects that for ${title}, which exists. ${WAY}`,
        );
    // After a manual scale-down, the run restores the number of members.
    if (members !== wanted.members && members !== 0)
        problems.push(
            `option: etcd cannot change from ${members} to ${wanted.members} members in place (${title}): they could form two clusters. ${WAY}`,
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
