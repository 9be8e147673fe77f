import type { GatewayClusterArgs } from "../components/gateway-args";
import { IntraCluster } from "../components/intra-cluster";
import type { AzureSide } from "../components/cloudflare/azure-side";
import { stackSeed } from "../components/consumers/generated-secrets";
import { clusterOf, type StackCluster } from "./cluster";

/** Settings of a stack with its own gateway, in addition to the arguments of its component. */
export interface AroundTheGateway extends StackCluster {
    /** Required settings at Azure, as an output. Default: none. */
    azure?: AzureSide;
}

/** Options intra-a and intra-b: gateway and model on the same nodes. */
export function intra(settings: GatewayClusterArgs & AroundTheGateway) {
    const seed = stackSeed();
    const { access, provider, outputs } = clusterOf(settings, seed);
    const auth = new IntraCluster("alpa", { ...settings, cluster: access }, seed, { provider });
    const { url, credentials, jwtSecrets, curl, conversion } = auth;
    const { expires, azure } = settings;
    // An output without a value is left out, because Pulumi prints a warning about such an output.
    const more = { ...azure, ...outputs, ...(conversion && { conversion }) };
    return { url, credentials, jwtSecrets, curl, expires, ...more };
}
