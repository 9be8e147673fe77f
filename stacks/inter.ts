import { InterCluster, type InterClusterArgs } from "../components/inter-cluster";
import type { Microk8sArgs } from "../components/parts/microk8s";
import { clusterOf } from "./cluster";

/** Option inter: a highly available gateway in a cluster of its own, Alpa outside of it. */
export function inter(settings: InterClusterArgs & { nodes?: Microk8sArgs; expires: Record<string, string> }) {
    const { access, provider } = clusterOf(settings);
    const auth = new InterCluster("alpa", { ...settings, cluster: access }, { provider });
    const { url, credentials, jwtSecrets, curl } = auth;
    return { url, credentials, jwtSecrets, curl, expires: settings.expires };
}
