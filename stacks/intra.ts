import type { GatewayClusterArgs } from "../components/gateway-cluster";
import { IntraCluster } from "../components/intra-cluster";
import type { AzureSide } from "../components/parts/azure-side";
import { clusterOf, type StackCluster } from "./cluster";

/** What the options with a gateway of their own read besides. */
export interface AroundTheGateway extends StackCluster {
    expires: Record<string, string>;
    /** What the Azure side must hold. Unset: nothing is said of it. */
    azure?: AzureSide;
}

/** Option intra-a: gateway and model on the same nodes. */
export function intra(settings: GatewayClusterArgs & AroundTheGateway) {
    const { access, provider, outputs } = clusterOf(settings);
    const auth = new IntraCluster("alpa", { ...settings, cluster: access }, { provider });
    const { url, credentials, jwtSecrets, curl, gateway } = auth;
    return { url, credentials, jwtSecrets, curl, expires: settings.expires, gateway, ...settings.azure, ...outputs };
}
