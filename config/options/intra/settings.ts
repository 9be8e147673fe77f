import type { GatewayClusterArgs, GatewaySettings } from "../../../components/gateway-args";
import { DATA_PORT } from "../../../components/kubernetes/network-policies";
import { quantity } from "../../../components/kubernetes/quantity";
import { BEFORE } from "../../../components/opt/conversion-phases";
import { type ConversionStep, numberOf } from "../../../components/opt/conversion-record-provider";
import type { OptSettings, RampartCharts } from "../../../components/opt/opt-settings";
import { DEFAULT_IDLE_SECONDS } from "../../../components/opt/watchdog/progress";
import type { ConversionSettings } from "../../../components/served-server";
import { digestOf } from "../../keys/consumers/listed";
import { DEFAULT_MINUTES } from "../../keys/convert";
import { longestAnswer, answerSeconds } from "../../keys/exposure";
import { shortWait } from "../../keys/gateway-option";
import { qualified } from "../../keys/gateway";
import { sshHosts } from "../../keys/hosts/ssh-host";
import { OPERATOR_VERSION, weightsOf } from "../../keys/opt";
import { installedGateway, publicUrl, serverSettings, sharedSettings, type SharedSettings } from "../gateway/settings";
import type { ParsedIntra as Parsed, ParsedIntraA, ParsedIntraB } from "./schema";
import { imageParts } from "../../values";

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

const SERVING = "/opt/alpa/examples/llm_serving";
/** Shared memory of each pod, where Ray stores its objects; at most half of the pod's memory. */
const SHARED_MEMORY = "16Gi";
/** The charts in the private repository of Rampart, in the versions for which this project renders values. */
const RAMPART_CHARTS: RampartCharts = {
    repository: "rampart-repo",
    operator: "0.1.0",
    cluster: "0.1.0",
    service: "0.2.0",
    serviceName: "component-alpa-opt-service",
};

/** Alpa in the cluster and on bare metal, and the phase of the conversion between them. */
function conversionSettings(config: ParsedIntraB): ConversionSettings {
    const { phase, attempt } = config.convert;
    return {
        phase,
        opt: optSettings(config),
        bareMetal: bareMetalSettings(config),
        attempt: numberOf(attempt),
        ...(attempt?.to === BEFORE && { back: true }),
    };
}

function optSettings(config: ParsedIntraB): OptSettings {
    const { opt, waitSeconds } = config;
    const { shape, image, nodes, gpusPerNode, rayVersion, cpu, memory, runtimeClass } = opt;
    const weights = weightsOf(opt.weights);
    const launch = `cd ${SERVING} && exec python3 launch_model_worker.py --model ${opt.model} --path ${weights.mountPath}`;
    return {
        ...{ image, nodes, gpusPerNode, rayVersion, weights, cpu, memory },
        command: opt.command ?? launch,
        ...(opt.watchdog && { watchdog: progressLimits(config) }),
        sharedMemory:
            quantity(memory) < 2 * quantity(SHARED_MEMORY) ? `${Math.floor(quantity(memory) / 2)}` : SHARED_MEMORY,
        ...(runtimeClass === undefined ? {} : { runtimeClass }),
        hostNetwork: opt.hostNetwork !== undefined,
        startTimeoutSeconds: waitSeconds,
        ...(shape === "kuberay" ? { shape, ...operatorChart(opt) } : { shape, rampartCharts: RAMPART_CHARTS }),
    };
}

/** The watchdog's limits. Alpa continues to compute after a caller has given up, so a batch may take twice as long. */
function progressLimits(config: ParsedIntraB) {
    const model = config.alpa.defaultModel;
    return { model, idleSeconds: DEFAULT_IDLE_SECONDS, stuckSeconds: 2 * answerSeconds(config) };
}

function operatorChart({ operator, operatorChartRepository: repository, operatorImage }: ParsedIntraB["opt"]) {
    if (operator === "existing") return {};
    return { operatorChart: { repository, version: OPERATOR_VERSION, image: imageParts(operatorImage) } };
}

function bareMetalSettings({ convert, alpa, ssh, waitSeconds }: ParsedIntraB): ConversionSettings["bareMetal"] {
    const { hosts, unit, commands } = convert.bareMetal;
    const [alpaHost, port] = alpa.endpoints[0].split(":");
    return {
        hosts: sshHosts(hosts, ssh),
        how: unit === undefined ? { commands: commands! } : { unit },
        alpaHost,
        port: Number(port),
        stopTimeoutSeconds: shortWait(waitSeconds),
        startTimeoutSeconds: waitSeconds,
    };
}
