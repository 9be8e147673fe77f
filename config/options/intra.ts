import * as z from "zod";
import { at, unwanted, type Problems, type Sound } from "../cross-check";
import { alpa } from "../keys/alpa";
import { repeated } from "../keys/consumers/schema";
import { convert, DEFAULT_MINUTES } from "../keys/convert";
import { gatewayOptionKeys, shortWait } from "../keys/gateway-option";
import { gateway, highAvailabilityChecks, qualified } from "../keys/gateway";
import { hostParts, sshHostProblems, sshHosts } from "../keys/hosts/ssh-host";
import { openai, type ParsedOpenai } from "../keys/openai";
import { opt, OPERATOR_VERSION, weightsOf } from "../keys/opt";
import { isGiven, type Raw } from "../unchecked";
import type { GatewayClusterArgs, GatewaySettings } from "../../components/gateway-args";
import { DATA_PORT } from "../../components/kubernetes/network-policies";
import { quantity } from "../../components/kubernetes/quantity";
import { BEFORE } from "../../components/opt/conversion-phases";
import { type ConversionStep, numberOf } from "../../components/opt/conversion-record-provider";
import type { OptSettings, RampartCharts } from "../../components/opt/opt-settings";
import { DEFAULT_IDLE_SECONDS } from "../../components/opt/watchdog/progress";
import type { ConversionSettings } from "../../components/served-server";
import { digestOf } from "../keys/consumers/listed";
import { longestAnswer, answerSeconds } from "../keys/exposure";
import { installedGateway, publicUrl, serverSettings, sharedSettings, type SharedSettings } from "./gateway/settings";
import { imageParts, optionKey } from "../values";

const intraKeys = { alpa, gateway, ...gatewayOptionKeys };

/** Keys of option intra-a, without the project's prefix. */
export const intraASchema = z.strictObject({
    option: optionKey("intra-a", "is a gateway on the nodes that run Alpa"),
    ...intraKeys,
    alpa: alpa.optional().meta({ unset: "the server is `openai`" }),
    openai,
    opt: opt.optional().meta({
        description:
            "Alpa as a component of the cluster, for a conversion to `intra-b`. With `intra-a` a run only checks these keys.",
        unset: "no conversion is planned",
    }),
    convert: convert.optional().meta({
        description:
            "Conversion to `intra-b`. With `intra-a` no conversion is in progress, and a run only checks these keys.",
        unset: "no conversion is planned",
    }),
});

/** Keys of option intra-b, without the project's prefix. */
export const intraBSchema = z.strictObject({
    option: optionKey("intra-b", "runs the gateway and Alpa itself in the cluster"),
    ...intraKeys,
    opt,
    convert,
});

export type ParsedIntraA = z.infer<typeof intraASchema>;
export type ParsedIntraB = z.infer<typeof intraBSchema>;

/** Parsed keys of options intra-a and intra-b. Both may have the keys of a conversion. */
type ParsedIntra = Omit<ParsedIntraB, "option" | "alpa" | "opt" | "convert"> &
    Partial<Pick<ParsedIntraB, "alpa" | "opt" | "convert">> & { option: "intra-a" | "intra-b"; openai?: ParsedOpenai };

type Config = Sound<ParsedIntra>;

/**
 * Checks the keys of options intra-a and intra-b against each other: both may have keys `opt` and `convert`, for the
 * conversion.
 */
export function* intraChecks(config: Config, given: Raw): Problems {
    yield* highAvailabilityChecks(config, given);
    yield* weightsProblems(config, given);
    yield* optProblems(config, given);
    yield* convertProblems(config, given);
}

/** Checks the keys of option intra-a against each other. */
export function* intraAChecks(config: Sound<ParsedIntraA>, given: Raw): Problems {
    yield* intraChecks(config, given);
    const { phase = "prepared" } = config.convert ?? {};
    if (phase !== "prepared")
        yield at`${["convert", "phase"]}: must be prepared with option intra-a, where no conversion is in progress (got "${phase}"). Set option to intra-b. To roll back to bare metal, then run: npm run ops -- convert run --yes --to intra-a.`;
}

/** Keys for the operator that the stack installs. */
const OF_OPERATOR = ["opt.operatorChartRepository", "opt.operatorImage"];
const OF_KUBERAY = [...OF_OPERATOR, "opt.operator", "opt.hostNetwork", "opt.runtimeClass"];

function* optProblems({ opt: { shape, operator, image, nodes = [] } = {}, gateway }: Config, given: Raw): Problems {
    for (const name of repeated(nodes))
        yield at`${["opt", "nodes"]}: every node must be listed only once (got ${name} twice). Remove one.`;
    if (shape === "rampart") {
        const { installer = "rampart" } = gateway ?? {};
        if (installer !== "rampart")
            yield at`${["opt", "shape"]}: rampart needs gateway.installer rampart (got ${installer}). Use kuberay.`;
        if (image?.includes("@"))
            yield at`${["opt", "image"]}: must have no digest with opt.shape rampart, since Rampart's charts take no digest. Name only the tag, or use shape kuberay.`;
        yield* unwanted(given, OF_KUBERAY, "only valid with opt.shape kuberay (got shape rampart). Remove it.");
    }
    if (operator === "existing")
        yield* unwanted(given, OF_OPERATOR, "only valid with opt.operator install (got existing). Remove it.");
}

function* weightsProblems({ opt: { weights, shape } = {} }: Config, given: Raw): Problems {
    if (weights === undefined) return;
    const named = ["claim", "hostPath", "inImage"].filter((key) => isGiven(given, "opt", "weights", key));
    if (named.length !== 1)
        yield at`${["opt", "weights"]}: must have exactly one of claim, hostPath and inImage (got ${named.join(" and ") || "none"}). Set the one with the weights.`;
    else if (shape === "rampart" && named[0] !== "inImage")
        yield at`${["opt", "weights", named[0]]}: only valid with opt.shape kuberay, since Rampart's charts mount no volume for weights. Use inImage, or shape kuberay.`;
}

function* convertProblems({ convert, alpa, ssh }: Config, given: Raw): Problems {
    if (convert === undefined) return;
    const { bareMetal, budgetMinutes = Infinity, returnMinutes = 0 } = convert;
    if (returnMinutes >= budgetMinutes)
        yield at`${["convert", "returnMinutes"]}: must be less than convert.budgetMinutes, ${budgetMinutes}, which includes it (got ${returnMinutes}). Raise convert.budgetMinutes.`;
    const hosts = bareMetal?.hosts ?? [];
    yield* sshHostProblems(["convert", "bareMetal", "hosts"], hosts, ssh);
    const forms = ["unit", "commands"].filter((key) => isGiven(given, "convert", "bareMetal", key));
    const hint =
        forms.length > 1 ? "Remove one of them." : "Set unit to Alpa's systemd service, which a rollback starts.";
    if (bareMetal !== undefined && forms.length !== 1)
        yield at`${["convert", "bareMetal"]}: must have exactly one of unit and commands (got ${forms.join(" and ") || "none"}). ${hint}`;
    // A conversion moves one Alpa, whose host is the Ray head node.
    const endpoints = alpa?.endpoints ?? [];
    const [head] = String(endpoints[0]).split(":");
    const place = hosts.findIndex((one) => hostParts(one?.address).address === head);
    if (endpoints.length > 1)
        yield at`${["alpa", "endpoints"]}: must have exactly one entry with convert, which moves one Alpa into the cluster (got ${endpoints.join(", ")}). Keep only the Alpa service that convert.bareMetal describes.`;
    else if (place > 0)
        yield at`${["convert", "bareMetal", "hosts"]}: the first must be the host of alpa.endpoints[0], where the Ray head node is (${head} is hosts[${place}]). Put it first.`;
}

interface IntraSettings extends GatewayClusterArgs, SharedSettings {
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

function intraSettings(config: ParsedIntra, today: Date, stage: ConversionStep["stage"]): IntraSettings {
    const { budgetMinutes, returnMinutes } = config.convert ?? DEFAULT_MINUTES;
    return {
        ...sharedSettings(config, today),
        server: serverSettings(config),
        gateway: gatewaySettings(config),
        budget: { budgetMinutes, returnMinutes },
        step: { stage, attempt: config.convert?.attempt, callers: digestOf(config) },
    };
}

function gatewaySettings(config: ParsedIntra): GatewaySettings {
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
