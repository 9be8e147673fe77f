import * as k8s from "@pulumi/kubernetes";
import { GatewayCallers, type GatewayCallersArgs } from "../components/gateway-callers";

/** Option callers: more callers for the gateway of another stack. */
export function callers(settings: GatewayCallersArgs & { expires: Record<string, string> }) {
    const { kubeconfig, clusterUid } = settings.cluster;
    const cluster = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: clusterUid });
    const { url, credentials, jwtSecrets, curl } = new GatewayCallers("alpa", settings, { provider: cluster });
    return { url, credentials, jwtSecrets, curl, expires: settings.expires };
}
