import { BEFORE } from "../../../components/opt/conversion-phases";
import { numberOf, type ConversionStep } from "../../../components/opt/conversion-record-provider";
import type { ConversionSettings } from "../../../components/served-server";
import type { OperatorChart, OptSettings } from "../../../components/opt/opt-settings";
import { digestOf } from "../../keys/consumers/digest";
import type { ParsedIntraB } from "./schema";
import type { ParsedConvert } from "../../keys/convert";
import { answerSeconds } from "../../keys/exposure/settings";
import { imageName, imageOf } from "../../keys/images";
import type { ParsedOpt } from "../../keys/opt";
import { progressLimits } from "../../keys/watchdog";
import { intraSettings, type IntraSettings } from "../intra/settings";
import { sshHostOf } from "../../keys/hosts/ssh-host";

/** Option intra-b: like intra-a, but Alpa runs in the cluster or is being converted. */
export interface IntraBSettings extends IntraSettings {
    option: "intra-b";
    conversion: ConversionSettings;
    /** How far the stack is in a conversion. */
    step: ConversionStep;
}

const SERVING = "/opt/alpa/examples/llm_serving";

/** Converts checked values into settings of the components. */
export function intraBSettings(config: ParsedIntraB, today: Date): IntraBSettings {
    const { opt, convert } = config;
    const { warnings, ...shared } = intraSettings(config, today);
    const { enabled: isOpen, reason } = opt.hostNetwork;
    const alpa = { answerSeconds: answerSeconds(config), model: config.alpa.defaultModel };
    return {
        ...shared,
        option: "intra-b",
        warnings: [
            ...warnings,
            ...(isOpen
                ? [
                      `opt.hostNetwork: the ports of Ray and Alpa are open on the nodes, and no network policy protects them (${reason}).`,
                  ]
                : []),
        ],
        conversion: {
            phase: convert.phase,
            opt: optSettings(opt, alpa),
            bareMetal: bareMetalSettings(convert, config.alpa.endpoints[0]),
            retryAfterSeconds: convert.retryAfterSeconds,
            attempt: numberOf(convert.attempt),
            ...(convert.attempt?.to === BEFORE && { back: true }),
        },
        step: { stage: convert.phase, attempt: convert.attempt, callers: digestOf(config) },
    };
}

/** @param alpa.model the name under which Alpa serves the model */
function optSettings(opt: ParsedOpt, alpa: { answerSeconds: number; model: string }): OptSettings {
    const { shape, image, nodes, gpusPerNode, rayVersion, weights, sharedMemory, resources, runtimeClass } = opt;
    const { mountPath, claim, hostPath } = weights;
    const limits = progressLimits(opt.watchdog, alpa.answerSeconds);
    const launch = `cd ${SERVING} && exec python3 launch_model_worker.py --model ${opt.model} --path ${mountPath}`;
    return {
        image: imageName(image),
        nodes: nodes.map(({ name }) => name),
        gpusPerNode,
        rayVersion,
        weights: {
            mountPath,
            ...(claim === undefined ? {} : { claim }),
            ...(hostPath === undefined ? {} : { hostPath }),
        },
        command: opt.command ?? launch,
        ...(limits && { watchdog: { ...limits, model: alpa.model } }),
        sharedMemory,
        ...resources,
        ...(runtimeClass === undefined ? {} : { runtimeClass }),
        hostNetwork: opt.hostNetwork.enabled,
        startTimeoutSeconds: opt.startTimeoutSeconds,
        ...(shape === "kuberay"
            ? { shape, ...(opt.operator === "existing" ? {} : { operatorChart: operatorChart(opt.operatorChart) }) }
            : {
                  shape,
                  rampartCharts: opt.rampartCharts,
              }),
    };
}

function operatorChart({ repository, version, image }: ParsedOpt["operatorChart"]): OperatorChart {
    const { repository: name, tag = `v${version}`, digest } = image;
    return { repository, version, image: imageOf({ repository: name, tag, digest }) };
}

function bareMetalSettings({ bareMetal }: ParsedConvert, endpoint: string): ConversionSettings["bareMetal"] {
    const { hosts, unit, commands, stopTimeoutSeconds, startTimeoutSeconds } = bareMetal;
    const [alpaHost, port] = endpoint.split(":");
    return {
        hosts: hosts.map(sshHostOf),
        how: unit === undefined ? { commands: commands! } : { unit },
        alpaHost,
        port: Number(port),
        stopTimeoutSeconds,
        startTimeoutSeconds,
    };
}
