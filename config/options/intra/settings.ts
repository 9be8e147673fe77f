import type { GatewayClusterArgs, GatewaySettings } from "../../../components/gateway-args";
import { longestAnswer } from "../../keys/exposure/settings";
import { qualified } from "../../keys/gateway";
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
        const { ingressClass, service, url } = existing!;
        const { namespace, name } = qualified(existing!.gateway);
        const bound = { ingressClass, gateway: name, gatewayNamespace: namespace };
        return { installer, ...bound, url: publicUrl(config) ?? url!.replace(/\/$/, ""), ...originOf(service) };
    }
    const availability = highAvailability ? { answerTimeoutSeconds: longestAnswer(config) } : undefined;
    return installedGateway(config, address ?? (openai ?? alpa!).endpoints[0].split(":")[0], availability);
}

/** Port on which the pods of APISIX listen: its own default. */
const POD_PORT = 9080;
/** Port of a Service that does not name one: that of HTTP. */
const HTTP_PORT = 80;

function originOf(service: string | undefined) {
    if (service === undefined) return {};
    const { namespace, name, port = HTTP_PORT } = qualified(service);
    return { origin: { service: { name, port }, namespace, podPort: POD_PORT } };
}
