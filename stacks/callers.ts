import * as k8s from "@pulumi/kubernetes";
import { GatewayCallers, type GatewayCallersArgs } from "../components/gateway-callers";

/** Option callers: callers of a gateway that another stack made. */
export function callers(settings: GatewayCallersArgs & { expires: Record<string, string> }) {
    const cluster = new k8s.Provider("cluster", settings.cluster);
    const { url, credentials, jwtSecrets, curl } = new GatewayCallers("alpa", settings, { provider: cluster });
    return { url, credentials, jwtSecrets, curl, expires: settings.expires };
}
