import * as k8s from "@pulumi/kubernetes";
import type { GatewayClusterArgs } from "../components/gateway-cluster";
import { IntraCluster } from "../components/intra-cluster";
import type { AzureSide } from "../components/parts/azure-side";

/** Option intra-a: gateway and model on the same nodes. */
export function intra(settings: GatewayClusterArgs & { expires: Record<string, string>; azure?: AzureSide }) {
    const cluster = new k8s.Provider("cluster", settings.cluster);
    const auth = new IntraCluster("alpa", settings, { provider: cluster });
    const { url, credentials, jwtSecrets, curl } = auth;
    return { url, credentials, jwtSecrets, curl, expires: settings.expires, ...settings.azure };
}
