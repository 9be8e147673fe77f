import * as k8s from "@pulumi/kubernetes";
import { InterCluster, type InterClusterArgs } from "../components/inter-cluster";
import type { AzureSide } from "../components/parts/azure-side";

/** Option inter: a highly available gateway in a cluster of its own, Alpa outside of it. */
export function inter(settings: InterClusterArgs & { expires: Record<string, string>; azure?: AzureSide }) {
    const cluster = new k8s.Provider("cluster", settings.cluster);
    const auth = new InterCluster("alpa", settings, { provider: cluster });
    const { url, credentials, jwtSecrets, curl } = auth;
    return { url, credentials, jwtSecrets, curl, expires: settings.expires, ...settings.azure };
}
