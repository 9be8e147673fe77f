import { LEAST_NODES } from "../../../components/apisix/availability";
import type { GatewayClusterArgs, GatewaySettings } from "../../../components/gateway-cluster";
import type { AzureSide } from "../../../components/cloudflare/azure-side";
import type { AlpaWatchdogArgs } from "../../../components/hosts/watchdog/alpa-watchdog";
import { digestOf } from "../../keys/consumers/digest";
import { alpaWatchdogSettings, watchdogWarnings } from "../../keys/hosts/alpa-watchdog";
import type { ClusterSettings } from "../../keys/cluster/settings";
import { azureUrl, releaseTls } from "../../keys/exposure/azure-settings";
import { answerSeconds, nodePort } from "../../keys/exposure/settings";
import { imageName, imageOf } from "../../keys/images";
import { observabilitySettings } from "../../keys/observability";
import { publicUrl, rampartInstall, sharedSettings } from "../gateway/settings";
import type { ParsedIntraA as Parsed } from "./schema";

/** Option intra-a: the gateway runs on the nodes of the bare-metal Ray cluster. */
export interface IntraASettings extends GatewayClusterArgs, ClusterSettings {
    option: "intra-a";
    /** Warnings for the operator. They do not stop the run. */
    warnings: string[];
    /** Expiry date of a credential, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
    /** Required settings at Azure, for the outputs. Default: none. */
    azure?: AzureSide;
    /** The watchdog on Alpa's hosts. Default: none. */
    watchdog?: AlpaWatchdogArgs;
    /** Lock holder for the last step of a conversion's return. Default: none. */
    holder?: string;
    /** Digest of the list of callers, for the record of a conversion. Unset if no conversion is planned. */
    callers?: string;
}

/** Converts checked values into settings of the components. */
export function intraASettings(config: Parsed, today: Date): IntraASettings {
    const { alpa } = config;
    const endpoints = alpa.endpoints.map((address) => ({ address, weight: 1 }));
    const watchdog = alpaWatchdogSettings(alpa.watchdog, alpa.endpoints, answerSeconds(config), alpa.defaultModel);
    const shared = sharedSettings(config, today);
    return {
        option: "intra-a",
        ...shared,
        warnings: [...shared.warnings, ...watchdogWarnings(alpa.watchdog, alpa.endpoints)],
        alpa: { endpoints, answerTimeoutSeconds: answerSeconds(config) },
        gateway: gatewaySettings(config),
        ...(watchdog && { watchdog }),
        ...(config.convert?.holder && { holder: config.convert.holder.name }),
        ...(config.convert && { callers: digestOf(config) }),
    };
}

function gatewaySettings(config: Parsed): GatewaySettings {
    const { alpa, gateway, rampart } = config;
    const { installer, existing, address, crds, sharedCounters: _, highAvailability, replicas, ...chosen } = gateway;
    const host = address ?? alpa.endpoints[0].split(":")[0];
    const release = {
        ...chosen,
        image: imageOf(gateway.image),
        etcdImage: imageName(gateway.etcdImage),
        replicas: highAvailability ? Math.max(replicas, LEAST_NODES) : replicas,
        nodePort: nodePort(config),
        tls: releaseTls(config),
        ...observabilitySettings(config.observability),
        ...(highAvailability && { availability: { answerTimeoutSeconds: answerSeconds(config) } }),
    };
    if (installer === "existing") {
        const { service, url, ...binding } = existing!;
        return { installer, ...binding, url: publicUrl(config) ?? url!.replace(/\/$/, ""), ...originOf(service) };
    }
    const url = publicUrl(config) ?? azureUrl(config) ?? `http://${host}:${release.nodePort}`;
    if (installer === "helm") return { installer, release, crds, url };
    return { installer, release, install: rampartInstall(config), retry: rampart?.retry ?? 0, url };
}

function originOf(service: NonNullable<Parsed["gateway"]["existing"]>["service"]) {
    if (service === undefined) return {};
    const { name, port, namespace, podPort } = service;
    return { origin: { service: { name, port }, namespace, podPort } };
}
