import type { GatewayClusterArgs, GatewaySettings } from "../../../components/gateway-args";
import { longestAnswer } from "../../keys/exposure/settings";
import { installedGateway, publicUrl, serverSettings, sharedSettings, type SharedSettings } from "../gateway/settings";
import type { ParsedIntra as Parsed } from "./schema";

/** Common settings of options intra-a and intra-b. */
export interface IntraSettings extends GatewayClusterArgs, SharedSettings {}

/** Converts checked values into settings of the components. */
export function intraSettings(config: Parsed, today: Date): IntraSettings {
    return {
        ...sharedSettings(config, today),
        server: serverSettings(config),
        gateway: gatewaySettings(config),
    };
}

function gatewaySettings(config: Parsed): GatewaySettings {
    const { alpa, openai, gateway } = config;
    const { installer, existing, address, highAvailability } = gateway;
    if (installer === "existing") {
        const { service, url, ...binding } = existing!;
        return { installer, ...binding, url: publicUrl(config) ?? url!.replace(/\/$/, ""), ...originOf(service) };
    }
    const availability = highAvailability ? { answerTimeoutSeconds: longestAnswer(config) } : undefined;
    return installedGateway(config, address ?? (openai ?? alpa!).endpoints[0].split(":")[0], availability);
}

function originOf(service: NonNullable<Parsed["gateway"]["existing"]>["service"]) {
    if (service === undefined) return {};
    const { name, port, namespace, podPort } = service;
    return { origin: { service: { name, port }, namespace, podPort } };
}
