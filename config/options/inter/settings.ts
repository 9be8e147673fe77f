import type { InterClusterArgs } from "../../../components/inter-cluster";
import type { FirewallSettings } from "../../../components/hosts/server-firewall/server-firewall";
import { firewallSettings, firewallWarnings } from "../../keys/hosts/server-firewall";
import { hostParts } from "../../keys/hosts/ssh-host";
import { longestAnswer } from "../../keys/exposure/settings";
import type { ParsedInter as Parsed } from "./schema";
import { installedGateway, serverSettings, sharedSettings, type SharedSettings } from "../gateway/settings";

/** Option inter: a highly available gateway in a separate cluster, with Alpa outside of it. */
export interface InterSettings extends InterClusterArgs, SharedSettings {
    option: "inter";
    /** Firewall rules for Alpa's hosts. Unset if the addresses of the nodes are unknown. */
    firewall?: FirewallSettings;
}

/** Converts checked values into settings of the components. */
export function interSettings(config: Parsed, today: Date): InterSettings {
    const answerTimeoutSeconds = longestAnswer(config);
    const kind = config.openai ? "openai" : "alpa";
    const { endpoints: services } = config[kind]!;
    const { warnings, ...shared } = sharedSettings(config, today);
    const nodes = config.cluster.nodes?.map(({ address }) => hostParts(address).address);
    const firewall = firewallSettings(config.firewall, config.ssh, services, nodes);
    return {
        option: "inter",
        ...shared,
        warnings: [...warnings, ...firewallWarnings(firewall, services, nodes, kind)],
        ...(firewall && { firewall }),
        server: serverSettings(config, true),
        gateway: installedGateway(config, config.gateway.address, { answerTimeoutSeconds }),
    };
}
