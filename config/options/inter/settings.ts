import type { InterClusterArgs } from "../../../components/inter-cluster";
import type { FirewallSettings } from "../../../components/hosts/alpa-firewall/alpa-firewall";
import { firewallSettings, firewallWarnings } from "../../keys/hosts/alpa-firewall";
import { answerSeconds } from "../../keys/exposure/settings";
import type { ParsedInter as Parsed } from "./schema";
import { installedGateway, sharedSettings, type SharedSettings } from "../gateway/settings";

/** Option inter: a highly available gateway in a separate cluster, with Alpa outside of it. */
export interface InterSettings extends InterClusterArgs, SharedSettings {
    option: "inter";
    /** Firewall rules for Alpa's hosts. Unset if the addresses of the nodes are unknown. */
    firewall?: FirewallSettings;
}

/** Converts checked values into settings of the components. */
export function interSettings(config: Parsed, today: Date): InterSettings {
    const answerTimeoutSeconds = answerSeconds(config);
    const { warnings, ...shared } = sharedSettings(config, today);
    const services = config.alpa.endpoints.map(({ address }) => address);
    const nodes = config.cluster.nodes?.map(({ address }) => address);
    const firewall = firewallSettings(config.alpa.firewall, services, nodes);
    return {
        option: "inter",
        ...shared,
        warnings: [...warnings, ...firewallWarnings(firewall, services, nodes)],
        ...(firewall && { firewall }),
        alpa: { endpoints: config.alpa.endpoints, answerTimeoutSeconds, failover: true },
        gateway: installedGateway(config, config.gateway.address, { answerTimeoutSeconds }),
    };
}
