import { BEFORE } from "../../../components/opt/conversion-phases";
import { numberOf } from "../../../components/opt/conversion-record-provider";
import type { ConversionSettings } from "../../../components/served-server";
import { quantity } from "../../../components/kubernetes/quantity";
import { DEFAULT_IDLE_SECONDS } from "../../../components/opt/watchdog/progress";
import type { OptSettings, RampartCharts } from "../../../components/opt/opt-settings";
import { answerSeconds } from "../../keys/exposure/settings";
import { sshHosts } from "../../keys/hosts/ssh-host";
import { imageParts } from "../../keys/images";
import { OPERATOR_VERSION, weightsOf } from "../../keys/opt";
import { shortWait } from "../../keys/waits";
import type { ParsedIntraB } from "./schema";

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
export function conversionSettings(config: ParsedIntraB): ConversionSettings {
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
