/**
 * The behavior of the containers of a serving image, read from their commands and probes: Ray, Alpa's launch, and the results
 * of probes. Pure.
 *
 * Emulated: a launch of `launch_model_worker.py --model … --path …` anywhere in the head's command or plain variables; tcp
 * probes of the ports of Ray and Alpa; exec probes that run `ray health-check`, that request an answer from Alpa's port, or
 * that check for files in a mounted folder (`ls`, `test`). An HTTP probe of Alpa's port fails, because Alpa answers 400. A
 * probe in any other form fails with a message that it is unsupported.
 * Unsupported: liveness probes, images that start no program, models that Alpa does not know.
 */
import type { V1Container, V1Pod, V1Probe } from "@kubernetes/client-node";

export const ALPA_PORT = 20001;
/** Ports of Ray's head. */
const HEAD_PORTS = [6379, 8265, 10001];
/** Paths of Ray's health check over HTTP, which the probes of KubeRay's operator use. */
const RAYLET_HEALTH = /local_raylet_healthz|api\/healthz/;
const RAYLET_HEALTH_SINCE = [2, 4];

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
    /** State of Alpa in the pod: `open`: its port is open; `loaded`: its model is loaded too. */
    alpa: "none" | "open" | "loaded";
    /** Version of Ray in the RayCluster, for example "2.0.0". */
    rayVersion: string;
}

/** The message of the first failing probe; undefined if the container is ready. */
export function notReady(pod: V1Pod, found: Found): string | undefined {
    for (const { startupProbe, readinessProbe } of pod.spec!.containers) {
        const why =
            (startupProbe && fails(startupProbe, pod, found)) ?? (readinessProbe && fails(readinessProbe, pod, found));
        if (why !== undefined) return `Readiness probe failed: ${why}`;
    }
    return undefined;
}

function fails({ tcpSocket, httpGet, exec }: V1Probe, pod: V1Pod, found: Found): string | undefined {
    const alpaIs = (state: Found["alpa"]) => (state === "open" ? found.alpa !== "none" : found.alpa === state);
    if (tcpSocket) {
        const port = numberOf(pod, tcpSocket.port);
        if (port === ALPA_PORT) return alpaIs("open") ? undefined : refused(port);
        if (isHead(pod) && HEAD_PORTS.includes(port!)) return undefined;
        return refused(port);
    }
    if (httpGet) {
        const port = numberOf(pod, httpGet.port);
        if (port === ALPA_PORT) return alpaIs("open") ? "HTTP probe failed with statuscode: 400" : refused(port);
        return rayletFails(httpGet.path ?? "", found);
    }
    const text = (exec?.command ?? []).join(" ");
    if (RAYLET_HEALTH.test(text)) return rayletFails(text, found);
    if (/\bray health-check\b/.test(text)) return found.head ? undefined : "ray health-check: the head does not answer";
    if (text.includes(`:${ALPA_PORT}/`)) return alpaIs("loaded") ? undefined : "the model is not loaded";
    if (/\b(ls|test|\[) /.test(text)) return undefined; // the container starts only if the files exist
    return `unsupported by the sandbox: ${text || "this kind of probe"}`;
}

function rayletFails(text: string, { rayVersion }: Found): string | undefined {
    const [major, minor] = rayVersion.split(".").map(Number);
    const has = major > RAYLET_HEALTH_SINCE[0] || (major === RAYLET_HEALTH_SINCE[0] && minor >= RAYLET_HEALTH_SINCE[1]);
    if (!RAYLET_HEALTH.test(text)) return `unsupported by the sandbox: ${text}`;
    return has ? undefined : `404: Ray ${rayVersion} has no such path`;
}

function numberOf(pod: V1Pod, port: number | string): number | undefined {
    if (typeof port === "number") return port;
    return pod.spec!.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === port)?.containerPort;
}

function refused(port: number | undefined): string {
    return `dial tcp :${port}: connect: connection refused`;
}
