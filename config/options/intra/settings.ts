import type { GatewayClusterArgs, GatewaySettings } from "../../../components/gateway-args";
import { BEFORE } from "../../../components/opt/conversion-phases";
import type { ConversionStep } from "../../../components/opt/conversion-record-provider";
import type { ConversionSettings } from "../../../components/served-server";
import { DEFAULT_MINUTES } from "../../keys/convert";
import { digestOf } from "../../keys/consumers/digest";
import { longestAnswer } from "../../keys/exposure/settings";
import { qualified } from "../../keys/gateway";
import { installedGateway, publicUrl, serverSettings, sharedSettings, type SharedSettings } from "../gateway/settings";
import { conversionSettings } from "./conversion";
import type { ParsedIntra as Parsed, ParsedIntraA, ParsedIntraB } from "./schema";
import { DATA_PORT } from "../../../components/kubernetes/network-policies";

/** Common settings of options intra-a and intra-b. */
interface IntraSettings extends GatewayClusterArgs, SharedSettings {
    /** How far the stack is in a conversion. */
    step: ConversionStep;
    /** Time limits of a conversion, in minutes. */
    budget: { budgetMinutes: number; returnMinutes: number };
}

/** Option intra-a: the gateway runs on the nodes of the bare-metal Ray cluster. */
export interface IntraASettings extends IntraSettings {
    option: "intra-a";
}

/** Option intra-b: like intra-a, but Alpa runs in the cluster or is being converted. */
export interface IntraBSettings extends IntraSettings {
    option: "intra-b";
    conversion: ConversionSettings;
}

/** Converts checked values into settings of the components. */
export function intraASettings(config: ParsedIntraA, today: Date): IntraASettings {
    return { option: "intra-a", ...intraSettings(config, today, BEFORE) };
}

export function intraBSettings(config: ParsedIntraB, today: Date): IntraBSettings {
    const { opt, convert } = config;
    const settings = intraSettings(config, today, convert.phase);
    if (opt.hostNetwork)
        settings.warnings.push(
            `opt.hostNetwork: the ports of Ray and Alpa are open on the nodes, and no network policy protects them (${opt.hostNetwork}).`,
        );
    return { ...settings, option: "intra-b", conversion: conversionSettings(config) };
}

function intraSettings(config: Parsed, today: Date, stage: ConversionStep["stage"]): IntraSettings {
    const { budgetMinutes, returnMinutes } = config.convert ?? DEFAULT_MINUTES;
    return {
        ...sharedSettings(config, today),
        server: serverSettings(config),
        gateway: gatewaySettings(config),
        budget: { budgetMinutes, returnMinutes },
        step: { stage, attempt: config.convert?.attempt, callers: digestOf(config) },
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

/** Port of a Service that does not name one: that of HTTP. */
const HTTP_PORT = 80;

function originOf(service: string | undefined) {
    if (service === undefined) return {};
    const { namespace, name, port = HTTP_PORT } = qualified(service);
    return { origin: { service: { name, port }, namespace, podPort: DATA_PORT } };
}
