import { InterCluster, type InterClusterArgs } from "../components/inter-cluster";
import { clusterOf } from "./cluster";
import type { AroundTheGateway } from "./intra";

/** Option inter: a highly available gateway in a cluster of its own, Alpa outside of it. */
export function inter(settings: InterClusterArgs & AroundTheGateway) {
    const { access, provider, outputs } = clusterOf(settings);
    const auth = new InterCluster("alpa", { ...settings, cluster: access }, { provider });
    const { url, credentials, jwtSecrets, curl, gateway } = auth;
    return { url, credentials, jwtSecrets, curl, expires: settings.expires, gateway, ...settings.azure, ...outputs };
}
