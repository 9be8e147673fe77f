import { InterCluster, type InterClusterArgs } from "../components/inter-cluster";
import type { FirewallSettings } from "../components/hosts/alpa-firewall/alpa-firewall";
import { clusterOf } from "./cluster";
import { firewallOf } from "./firewall";
import type { AroundTheGateway } from "./intra";

/** Option inter: a highly available gateway in a separate cluster, with Alpa outside of it. */
export function inter(settings: InterClusterArgs & AroundTheGateway & { firewall?: FirewallSettings }) {
    const rules = firewallOf(settings.firewall);
    const { access, provider, outputs } = clusterOf(settings);
    const auth = new InterCluster("alpa", { ...settings, cluster: access }, { provider });
    const { url, credentials, jwtSecrets, curl } = auth;
    const { expires, azure } = settings;
    return { url, credentials, jwtSecrets, curl, expires, ...azure, ...outputs, ...rules };
}
