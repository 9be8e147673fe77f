import type { InterClusterArgs } from "../../../components/inter-cluster";
import type { AlpaWatchdogArgs } from "../../../components/hosts/watchdog/alpa-watchdog";
import type { FirewallSettings } from "../../../components/hosts/alpa-firewall/alpa-firewall";
import type { AzureSide } from "../../../components/cloudflare/azure-side";
import { alpaWatchdogSettings, watchdogWarnings } from "../../keys/hosts/alpa-watchdog";
import { firewallSettings, firewallWarnings } from "../../keys/hosts/alpa-firewall";
import type { ClusterSettings } from "../../keys/cluster/settings";
import { azureUrl, releaseTls } from "../../keys/exposure/azure-settings";
import { answerSeconds, nodePort } from "../../keys/exposure/settings";
import { imageName, imageOf } from "../../keys/images";
import type { ParsedInter as Parsed } from "./schema";
import { observabilitySettings } from "../../keys/observability";
import { publicUrl, rampartInstall, sharedSettings } from "../gateway/settings";

/** Option inter: a highly available gateway in a separate cluster, with Alpa outside of it. */
export interface InterSettings extends InterClusterArgs, ClusterSettings {
    option: "inter";
    /** Warnings for the operator. They do not stop the run. */
    warnings: string[];
    /** Expiry date of a credential, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
    /** Required settings at Azure, for the outputs. Default: none. */
    azure?: AzureSide;
    /** Firewall rules for Alpa's hosts. Unset if the addresses of the nodes are unknown. */
    firewall?: FirewallSettings;
    /** The watchdog on Alpa's hosts. Default: none. */
    watchdog?: AlpaWatchdogArgs;
}

/** Converts checked values into settings of the components. */
export function interSettings(config: Parsed, today: Date): InterSettings {
    const answerTimeoutSeconds = answerSeconds(config);
    const { warnings, ...shared } = sharedSettings(config, today);
    const services = config.alpa.endpoints.map(({ address }) => address);
    const nodes = config.cluster.nodes?.map(({ address }) => address);
    const firewall = firewallSettings(config.alpa.firewall, services, nodes);
    const { watchdog: asked, defaultModel } = config.alpa;
    const watchdog = alpaWatchdogSettings(asked, services, answerTimeoutSeconds, defaultModel);
    return {
        option: "inter",
        ...shared,
        warnings: [...warnings, ...firewallWarnings(firewall, services, nodes), ...watchdogWarnings(asked, services)],
        ...(firewall && { firewall }),
        ...(watchdog && { watchdog }),
        alpa: { endpoints: config.alpa.endpoints, answerTimeoutSeconds, failover: true },
        gateway: gatewaySettings(config, answerTimeoutSeconds),
    };
}

function gatewaySettings(config: Parsed, answerTimeoutSeconds: number): InterSettings["gateway"] {
    const { gateway, rampart } = config;
    const { installer, address, crds, sharedCounters: _, ...chosen } = gateway;
    const release = {
        ...chosen,
        image: imageOf(gateway.image),
        etcdImage: imageName(gateway.etcdImage),
        nodePort: nodePort(config),
        tls: releaseTls(config),
        ...observabilitySettings(config.observability),
        availability: { answerTimeoutSeconds },
    };
    const url = publicUrl(config) ?? azureUrl(config) ?? `http://${address}:${release.nodePort}`;
    if (installer === "helm") return { installer, release, crds, url };
    return { installer, release, install: rampartInstall(config), retry: rampart?.retry ?? 0, url };
}
