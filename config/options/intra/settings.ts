import type { GatewayClusterArgs, GatewaySettings } from "../../../components/gateway-args";
import { answerSeconds } from "../../keys/exposure/settings";
import { installedGateway, publicUrl, sharedSettings, type SharedSettings } from "../gateway/settings";
import type { ParsedIntra as Parsed } from "./schema";

/** Common settings of options intra-a and intra-b. */
export interface IntraSettings extends GatewayClusterArgs, SharedSettings {}

/** Converts checked values into settings of the components. */
export function intraSettings(config: Parsed, today: Date): IntraSettings {
    const { alpa } = config;
    const endpoints = alpa.endpoints.map((address) => ({ address, weight: 1 }));
    return {
        ...sharedSettings(config, today),
        alpa: { endpoints, answerTimeoutSeconds: answerSeconds(config) },
        gateway: gatewaySettings(config),
    };
}

function gatewaySettings(config: Parsed): GatewaySettings {
    const { alpa, gateway } = config;
    const { installer, existing, address, highAvailability } = gateway;
    if (installer === "existing") {
        const { service, url, ...binding } = existing!;
        return { installer, ...binding, url: publicUrl(config) ?? url!.replace(/\/$/, ""), ...originOf(service) };
    }
    const availability = highAvailability ? { answerTimeoutSeconds: answerSeconds(config) } : undefined;
    return installedGateway(config, address ?? alpa.endpoints[0].split(":")[0], availability);
}

function originOf(service: NonNullable<Parsed["gateway"]["existing"]>["service"]) {
    if (service === undefined) return {};
    const { name, port, namespace, podPort } = service;
    return { origin: { service: { name, port }, namespace, podPort } };
}
