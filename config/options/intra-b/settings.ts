import { BEFORE } from "../../../components/opt/conversion-phases";
import { numberOf, type ConversionStep } from "../../../components/opt/conversion-record-provider";
import type { ConversionSettings } from "../../../components/served-server";
import { quantity } from "../../../components/kubernetes/quantity";
import { DEFAULT_IDLE_SECONDS } from "../../../components/opt/watchdog/progress";
import type { OptSettings, RampartCharts } from "../../../components/opt/opt-settings";
import { digestOf } from "../../keys/consumers/digest";
import type { ParsedIntraB } from "./schema";
import { answerSeconds } from "../../keys/exposure/settings";
import { imageParts } from "../../keys/images";
import { OPERATOR_VERSION } from "../../keys/opt";
import { weightsOf } from "../../keys/opt-version";
import { shortWait } from "../../keys/waits";
import { intraSettings, type IntraSettings } from "../intra/settings";
import { sshHosts } from "../../keys/hosts/ssh-host";

/** Option intra-b: like intra-a, but Alpa runs in the cluster or is being converted. */
export interface IntraBSettings extends IntraSettings {
    option: "intra-b";
    conversion: ConversionSettings;
    /** How far the stack is in a conversion. */
    step: ConversionStep;
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

/** Converts checked values into settings of the components. */
export function intraBSettings(config: ParsedIntraB, today: Date): IntraBSettings {
    const { opt, convert } = config;
    const { warnings, ...shared } = intraSettings(config, today);
    return {
        ...shared,
        option: "intra-b",
        warnings: [
            ...warnings,
            ...(opt.hostNetwork
                ? [
                      `opt.hostNetwork: the ports of Ray and Alpa are open on the nodes, and no network policy protects them (${opt.hostNetwork}).`,
                  ]
                : []),
        ],
        conversion: {
            phase: convert.phase,
            opt: optSettings(config),
            bareMetal: bareMetalSettings(config),
            attempt: numberOf(convert.attempt),
            ...(convert.attempt?.to === BEFORE && { back: true }),
        },
        step: { stage: convert.phase, attempt: convert.attempt, callers: digestOf(config) },
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
