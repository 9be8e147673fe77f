/**
 * The behavior of the containers of a serving image, read from their commands and probes: Ray, Alpa's launch, and the results
 * of probes. Pure.
 *
 * Emulated: a launch of `launch_model_worker.py --model … --path …` anywhere in the head's command or plain variables; exec
 * probes that run `ray health-check`, that request an answer from Alpa's port, or that check for files in a mounted folder
 * (`ls`, `test`). A probe in any other form fails with a message that it is unsupported.
 * Unsupported: liveness probes, images that start no program, models that Alpa does not know.
 */
import type { V1Container, V1Pod, V1Probe } from "@kubernetes/client-node";

export const ALPA_PORT = 20001;
interface Launch {
    model: string;
    /** Folder of the weights. */
    path: string;
}

export function isHead(pod: V1Pod): boolean {
    return pod.metadata?.labels?.["ray.io/node-type"] === "head";
}

export function rayCluster(pod: V1Pod): string | undefined {
    return pod.metadata?.labels?.["ray.io/cluster"];
}

/** Number of GPUs that a container requests. */
export function gpusOf({ resources }: V1Container): number {
    return Number(resources?.limits?.["nvidia.com/gpu"] ?? 0);
}

/** The options of Alpa's launch in a pod; undefined if the pod is not a head, or does not launch Alpa. */
export function launchOf(pod: V1Pod): Launch | undefined {
    for (const container of isHead(pod) ? pod.spec!.containers : []) {
        const text = commandText(container);
        const line = text.split("\n").find((one) => one.includes("launch_model_worker.py"));
        if (line === undefined) continue;
        const option = (name: string, fallback: string) => {
            const value = new RegExp(`--${name}[ =]+("[^"]*"|'[^']*'|[^\\s;&)]+)`).exec(line)?.[1] ?? fallback;
            return expand(value.replace(/^["']|["']$/g, ""), container);
        };
        return { model: option("model", "alpa/opt-125m"), path: option("path", "~/opt_weights/") };
    }
    return undefined;
}

function commandText({ command = [], args = [], env = [] }: V1Container): string {
    return [[...command, ...args].join(" "), ...env.map(({ value = "" }) => value)].join("\n");
}

/** Replaces references to the container's variables, as kubelet and its shell do. References to unknown variables stay. */
function expand(text: string, { env = [] }: V1Container): string {
    const values = new Map(env.map(({ name, value = "" }) => [name, value]));
    return text.replace(/\$(?:\{(\w+)\}|\((\w+)\)|(\w+))/g, (whole, a, b, c) => values.get(a ?? b ?? c) ?? whole);
}

/**
 * The error of Alpa if its weights folder does not exist. Undefined if the folder exists, or if it is in an image or in the
 * volume of a claim, because the sandbox does not know what these contain.
 * @param folders folders with weights on every node
 */
export function weightsProblem(pod: V1Pod, path: string, folders: string[]): string | undefined {
    const missing = `FileNotFoundError: [Errno 2] No such file or directory: '${path}'`;
    if (path.startsWith("~")) return missing;
    const mounts = pod.spec!.containers.flatMap(({ volumeMounts = [] }) => volumeMounts);
    const inside = mounts.filter(({ mountPath }) => isBelow(path, mountPath));
    const [mount] = inside.sort((a, b) => b.mountPath.length - a.mountPath.length);
    // The folder is in the image, and the contents of images are unknown.
    if (!mount) return undefined;
    const { hostPath, persistentVolumeClaim } = pod.spec!.volumes?.find(({ name }) => name === mount.name) ?? {};
    if (persistentVolumeClaim) return undefined;
    return hostPath && folders.some((folder) => isBelow(hostPath.path, folder)) ? undefined : missing;
}

function isBelow(path: string, folder: string): boolean {
    return `${path.replace(/\/$/, "")}/`.startsWith(`${folder.replace(/\/$/, "")}/`);
}

/** Why a hostPath volume cannot be mounted. @param folders folders on every node */
export function hostPathProblem(pod: V1Pod, folders: string[]): string | undefined {
    for (const { name, hostPath } of pod.spec?.volumes ?? []) {
        if (!hostPath || hostPath.type !== "Directory") continue;
        if (folders.some((folder) => isBelow(hostPath.path, folder) || isBelow(folder, hostPath.path))) continue;
        return `MountVolume.SetUp failed for volume "${name}" : hostPath type check failed: ${hostPath.path} is not a directory`;
    }
    return undefined;
}

/** The state of a pod and its RayCluster that the probes of a container check. */
export interface Found {
    /** Whether the Ray head of the pod's RayCluster runs. */
    head: boolean;
    /** Whether Alpa's model is loaded in the pod. */
    isLoaded: boolean;
}

/** The message of the first failing probe; undefined if the container is ready. */
export function notReady(pod: V1Pod, found: Found): string | undefined {
    for (const { startupProbe, readinessProbe } of pod.spec!.containers) {
        const why = (startupProbe && fails(startupProbe, found)) ?? (readinessProbe && fails(readinessProbe, found));
        if (why !== undefined) return `Readiness probe failed: ${why}`;
    }
    return undefined;
}

function fails({ exec }: V1Probe, found: Found): string | undefined {
    const text = (exec?.command ?? []).join(" ");
    if (/\bray health-check\b/.test(text)) return found.head ? undefined : "ray health-check: the head does not answer";
    if (text.includes(`:${ALPA_PORT}/`)) return found.isLoaded ? undefined : "the model is not loaded";
    if (/\b(ls|test|\[) /.test(text)) return undefined; // the container starts only if the files exist
    return `unsupported by the sandbox: ${text || "this kind of probe"}`;
}
