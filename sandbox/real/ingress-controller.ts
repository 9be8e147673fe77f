/**
 * Starts a real ingress controller and its ADC for a pod, with the pod's settings file, arguments and variables, and with the
 * permissions of its ServiceAccount. Only the listening ports are changed, and ADC reaches pods through a proxy.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { parse, stringify } from "yaml";
import { writeSecret } from "../control-plane/secret-file";
import { freePort } from "../processes";
import { commandOf, type Found } from "./parts";
import { startProgram, type Ground } from "./run";

const ADC = /(^|\/)adc:/;
const ADC_STATUS_PORT = "3001";

interface IngressControllerOptions {
    found: Found;
    pod: V1Pod;
    /** Text of the settings file. */
    settings: string;
    /** kubeconfig with the permissions of the pod's ServiceAccount. */
    kubeconfig: string;
    folder: string;
    proxyUrl: string;
    variablesOf(container: V1Container): Record<string, string>;
}

interface RealIngressController {
    readonly leads: boolean;
    close(): Promise<void>;
}

export async function startRealIngressController(
    ground: Ground,
    options: IngressControllerOptions,
): Promise<RealIngressController> {
    const { found, pod, settings, folder, proxyUrl } = options;
    const title = `${pod.metadata!.namespace}/${pod.metadata!.name}`;
    const volumes = sharedFolders(pod, folder);
    const adc = pod.spec!.containers.find(({ image }) => ADC.test(image!));
    const manager = pod.spec!.containers.find((container) => container !== adc)!;
    if (!adc) throw new Error(`pod ${title}: must have a container for ADC, as in the chart`);
    writeSecret(join(folder, "config.yaml"), ingressControllerConfig(settings, await freePort(), await freePort()));
    writeSecret(join(folder, "kubeconfig"), options.kubeconfig);
    const status = String(await freePort());
    const inFolders = (container: V1Container) =>
        Object.fromEntries(
            Object.entries(options.variablesOf(container)).map(([name, value]) => [
                name,
                moved(value, container, volumes),
            ]),
        );
    const adcArguments = (adc.args ?? []).map((word, i, all) =>
        all[i - 1] === "--listen-status" && word === ADC_STATUS_PORT ? status : moved(word, adc, volumes),
    );
    const pusher = await startProgram(ground, {
        name: `adc ${title}`,
        command: [...commandOf(found.paths.adc), ...adcArguments],
        folder,
        env: { ...inFolders(adc), HTTP_PROXY: proxyUrl, http_proxy: proxyUrl },
    });
    const controller = await startProgram(ground, {
        name: `ingress-controller ${title}`,
        command: [...commandOf(found.paths.controller), "-c", join(folder, "config.yaml")],
        folder,
        env: { ...inFolders(manager), KUBECONFIG: join(folder, "kubeconfig") },
    });
    let ended = false;
    void controller.exited.then(({ code }) => {
        ended = true;
        if (code)
            ground.log(`${title}: the ingress controller has ended with exit code ${code}. See ${controller.logFile}`);
    });
    return {
        get leads() {
            return !ended && /successfully acquired lease/.test(readFileSync(controller.logFile, "utf8"));
        },
        close: async () => {
            // Kills the controller without a grace period, as on a node that is cut off. The controller cannot release
            // its Lease, so the Lease expires.
            await controller.stop({ graceSeconds: 0 });
            await pusher.stop({ graceSeconds: 0 });
        },
    };
}

/** The pod's settings file with changed listening addresses. Pure. */
export function ingressControllerConfig(text: string, metricsPort: number, probePort: number): string {
    const settings = (parse(text) ?? {}) as Record<string, unknown>;
    return stringify({
        ...settings,
        metrics_addr: `127.0.0.1:${metricsPort}`,
        probe_addr: `127.0.0.1:${probePort}`,
    });
}

/** Creates a folder for each emptyDir of the pod. @returns paths of the folders, by name of the volume */
function sharedFolders(pod: V1Pod, folder: string): Map<string, string> {
    const found = new Map<string, string>();
    for (const { name, emptyDir } of pod.spec!.volumes ?? []) {
        if (!emptyDir) continue;
        const path = join(folder, "v", String(found.size));
        mkdirSync(path, { recursive: true, mode: 0o700 });
        found.set(name, path);
    }
    return found;
}

/** Replaces the mount paths in a container's text, for example in an argument, with the folders on this machine. */
function moved(text: string, container: V1Container, volumes: Map<string, string>): string {
    let result = text;
    for (const { name, mountPath } of container.volumeMounts ?? []) {
        const folder = volumes.get(name);
        if (folder) result = result.replace(`${mountPath}/`, `${folder}/`);
    }
    return result;
}
