import { IntraCluster, type IntraClusterArgs } from "../components/intra-cluster";
import type { Microk8sArgs } from "../components/parts/microk8s";
import { clusterOf } from "./cluster";

/** Option intra-a: gateway and model on the same nodes. */
export function intra(settings: IntraClusterArgs & { nodes?: Microk8sArgs; expires: Record<string, string> }) {
    const { access, provider, outputs } = clusterOf(settings);
    const auth = new IntraCluster("alpa", { ...settings, cluster: access }, { provider });
    const { url, credentials, jwtSecrets, curl } = auth;
    return { url, credentials, jwtSecrets, curl, expires: settings.expires, ...outputs };
}
