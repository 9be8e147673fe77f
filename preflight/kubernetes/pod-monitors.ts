import type { GatewayClusterArgs } from "../../components/gateway-cluster";
import { titleOf } from "../../components/kubernetes/cluster-reader";
import { absent } from "./checks";
import type { ClusterView } from "./cluster";
import { definition } from "./crds";

/** Requires the Prometheus operator, since an `up` without its CRD would fail half-way. */
export async function podMonitors({ gateway, exposure }: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const ofGateway = gateway.installer === "existing" ? undefined : gateway.release.observability?.metrics;
    if (![ofGateway, exposure?.connectors.metrics].some((metrics) => metrics?.podMonitor)) return [];
    const missing = await absent(cluster, [definition("podmonitors.monitoring.coreos.com")]);
    return missing.map(
        (one) =>
            `observability.metrics.podMonitor: needs the Prometheus operator in the cluster (${titleOf(one)} is missing). Install it, or set podMonitor to false.`,
    );
}
