import * as k8s from "@pulumi/kubernetes";
import { IntraCluster, type IntraClusterArgs } from "../components/intra-cluster";

/** Option intra-a: gateway and model on the same nodes. */
export function intra(settings: IntraClusterArgs & { expires: Record<string, string> }) {
    const cluster = new k8s.Provider("cluster", settings.cluster);
    const auth = new IntraCluster("alpa", settings, { provider: cluster });
    const { url, credentials, jwtSecrets, curl, gateway } = auth;
    return { url, credentials, jwtSecrets, curl, expires: settings.expires, gateway };
}
