import type * as pulumi from "@pulumi/pulumi";
import { InterCluster, type InterClusterArgs } from "../components/inter-cluster";
import { ServerFirewall, type FirewallSettings } from "../components/hosts/server-firewall/server-firewall";
import { stackSeed } from "../components/consumers/generated-secrets";
import { clusterOf } from "./cluster";
import { printedRules } from "../components/hosts/server-firewall/nft-rules";
import type { AroundTheGateway } from "./intra";

/** Option inter: a highly available gateway in a separate cluster, with the server outside of it. */
export function inter(settings: InterClusterArgs & AroundTheGateway & { firewall?: FirewallSettings }) {
    const seed = stackSeed();
    const { access, provider, outputs } = clusterOf(settings, seed);
    const rules = firewallOf(settings.firewall, seed, provider);
    const auth = new InterCluster("alpa", { ...settings, cluster: access }, seed, { provider });
    const { url, credentials, jwtSecrets, curl } = auth;
    const { expires, azure } = settings;
    return { url, credentials, jwtSecrets, curl, expires, ...azure, ...outputs, ...rules };
}

/**
 * Firewall of the server's hosts. The program loads the rules into the hosts. With `apply: print` it returns the rules as an
 * output instead, and operators load them by hand.
 */
function firewallOf(
    settings: FirewallSettings | undefined,
    seed: pulumi.Output<string>,
    cluster: pulumi.Resource,
): { serverFirewall?: string } {
    if (settings?.apply === "print") return { serverFirewall: printedRules(settings.rules) };
    if (settings !== undefined) new ServerFirewall("server-firewall", settings, seed, [cluster]);
    return {};
}
