import {
    afterAnswers,
    afterHead,
    ALPA_PORT,
    GCS_PORT,
    HEAD_SCRIPT,
    headVariables,
    LOADED,
    LOADED_OR_BUSY,
} from "./opt-head";
import type { OptSettings } from "./opt-settings";

/** Name of the RayCluster, of its Service and of its other objects. */
export const OPT = "alpa-opt";
/** Labels of all pods of the RayCluster, and of its head. */
export const OPT_PODS = { "ray.io/cluster": OPT };
export const OPT_HEAD = { ...OPT_PODS, "ray.io/node-type": "head" };
/** Name of the DaemonSet that keeps image and weights on the nodes. */
export const IMAGES = `${OPT}-images`;
/** Seconds to add to the answer timeout for the grace period of a pod. */
const STOP_SECONDS = 30;
/** Short grace period for a pod whose Ray has died. It has no requests in progress to wait for. */
const DEAD = { terminationGracePeriodSeconds: STOP_SECONDS };

/** Tolerations: GPU nodes may have a taint against pods without GPUs. */
export const TOLERATIONS = [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }];

/** Restricts system calls to those of the default seccomp profile. */
const SECCOMP = { securityContext: { seccompProfile: { type: "RuntimeDefault" } } };

/** Settings of the pods. */
interface PodSettings {
    opt: OptSettings;
    /** Longest time one answer may take, in seconds. */
    answerTimeoutSeconds: number;
}

/**
 * Spec of the RayCluster: the head with Alpa on the first node, and a worker on each other node. Each pod has its node's
 * GPUs.
 */
export function renderRayCluster({ opt, answerTimeoutSeconds, running }: PodSettings & { running: boolean }) {
    const [head, ...others] = opt.nodes;
    return {
        rayVersion: opt.rayVersion,
        suspend: !running,
        // Without this strategy, a change of image or command would not restart running pods.
        upgradeStrategy: { type: "Recreate" },
        headGroupSpec: {
            rayStartParams: {},
            template: {
                metadata: { annotations: { "ray.io/overwrite-container-cmd": "true" } },
                spec: {
                    ...pod(opt, head, answerTimeoutSeconds),
                    containers: [headContainer(opt, answerTimeoutSeconds)],
                },
            },
        },
        workerGroupSpecs: others.map((node, i) => ({
            groupName: `node-${i + 2}`,
            replicas: 1,
            minReplicas: 1,
            maxReplicas: 1,
            rayStartParams: {},
            template: {
                spec: {
                    ...pod(opt, node, answerTimeoutSeconds),
                    containers: [workerContainer(opt, answerTimeoutSeconds)],
                },
            },
        })),
    };
}

function pod(opt: OptSettings, node: string, answerTimeoutSeconds: number) {
    return {
        terminationGracePeriodSeconds: answerTimeoutSeconds + STOP_SECONDS,
        nodeSelector: { "kubernetes.io/hostname": node },
        tolerations: TOLERATIONS,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        ...SECCOMP,
        ...(opt.runtimeClass === undefined ? {} : { runtimeClassName: opt.runtimeClass }),
        ...(opt.hostNetwork ? { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" } : {}),
        volumes: [{ name: "shm", emptyDir: { medium: "Memory", sizeLimit: opt.sharedMemory } }, ...weightsVolume(opt)],
    };
}

/** Volume of the weights; empty if they are in the image. */
function weightsVolume({ weights }: Pick<OptSettings, "weights">) {
    const { claim, hostPath } = weights;
    if (claim !== undefined) return [{ name: "weights", persistentVolumeClaim: { claimName: claim, readOnly: true } }];
    // With this type, a missing folder is an error and is not created.
    return hostPath === undefined ? [] : [{ name: "weights", hostPath: { path: hostPath, type: "Directory" } }];
}

function weightsMount(opt: Pick<OptSettings, "weights">) {
    return weightsVolume(opt).map(({ name }) => ({ name, mountPath: opt.weights.mountPath, readOnly: true }));
}

function container(opt: OptSettings) {
    const { image, cpu, memory, gpusPerNode } = opt;
    const size = { cpu, memory, "nvidia.com/gpu": `${gpusPerNode}` };
    return {
        image,
        resources: { limits: size, requests: size },
        // The root file system is writable, since Ray writes to folders of its image. Any user may use the GPU devices.
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        // With this policy, Kubernetes shows the last lines of the log as the reason for the exit.
        terminationMessagePolicy: "FallbackToLogsOnError",
        volumeMounts: [{ name: "shm", mountPath: "/dev/shm" }, ...weightsMount(opt)],
    };
}

function headContainer(opt: OptSettings, answerTimeoutSeconds: number) {
    return {
        name: "ray-head",
        ...container(opt),
        command: ["/bin/bash", "-c", "--"],
        args: [HEAD_SCRIPT],
        env: headVariables(opt),
        // Includes Ray's default ports: the operator adds them only to a container without a list of ports.
        ports: [
            { name: "gcs-server", containerPort: GCS_PORT },
            { name: "dashboard", containerPort: 8265 },
            { name: "client", containerPort: 10001 },
            { name: "alpa", containerPort: ALPA_PORT },
        ],
        lifecycle: preStop(afterAnswers(answerTimeoutSeconds)),
        // The operator's own probes use endpoints that Ray before 2.4 does not have.
        readinessProbe: {
            exec: { command: ["python3", "-c", opt.watchdog === undefined ? LOADED : LOADED_OR_BUSY] },
            periodSeconds: 10,
            timeoutSeconds: 5,
            failureThreshold: 3,
        },
        livenessProbe: {
            tcpSocket: { port: GCS_PORT },
            initialDelaySeconds: 60,
            periodSeconds: 30,
            timeoutSeconds: 5,
            failureThreshold: 4,
            ...DEAD,
        },
    };
}

function workerContainer(opt: OptSettings, answerTimeoutSeconds: number) {
    const joined = { exec: { command: ["ray", "health-check"] }, timeoutSeconds: 30 };
    return {
        name: "ray-worker",
        ...container(opt),
        lifecycle: preStop(afterHead(answerTimeoutSeconds + STOP_SECONDS)),
        readinessProbe: { ...joined, periodSeconds: 30, failureThreshold: 3 },
        // A restarted head has no workers, so the workers restart too and join it.
        livenessProbe: { ...joined, initialDelaySeconds: 60, periodSeconds: 60, failureThreshold: 3, ...DEAD },
    };
}

function preStop(script: string) {
    return { preStop: { exec: { command: ["/bin/bash", "-c", script] } } };
}

/**
 * Spec of a DaemonSet with an idle pod on every node. The pod uses the image and mounts the weights. So the image is pulled
 * before Alpa needs it, and the kubelet does not garbage-collect it. Missing weights are reported before the running Alpa is
 * stopped.
 */
export function renderImages(opt: OptSettings) {
    const labels = { "app.kubernetes.io/name": IMAGES };
    const { mountPath } = opt.weights;
    return {
        selector: { matchLabels: labels },
        template: {
            metadata: { labels },
            spec: {
                automountServiceAccountToken: false,
                enableServiceLinks: false,
                ...SECCOMP,
                affinity: {
                    nodeAffinity: {
                        requiredDuringSchedulingIgnoredDuringExecution: {
                            nodeSelectorTerms: [
                                {
                                    matchExpressions: [
                                        { key: "kubernetes.io/hostname", operator: "In", values: opt.nodes },
                                    ],
                                },
                            ],
                        },
                    },
                },
                tolerations: TOLERATIONS,
                terminationGracePeriodSeconds: 1,
                volumes: weightsVolume(opt),
                containers: [
                    {
                        name: "image",
                        image: opt.image,
                        command: ["/bin/sh", "-c", "exec sleep infinity"],
                        readinessProbe: {
                            exec: { command: ["/bin/sh", "-c", `test -n "$(ls -A '${mountPath}')"`] },
                            periodSeconds: 10,
                        },
                        resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
                        securityContext: {
                            allowPrivilegeEscalation: false,
                            readOnlyRootFilesystem: true,
                            capabilities: { drop: ["ALL"] },
                        },
                        volumeMounts: weightsMount(opt),
                    },
                ],
            },
        },
    };
}
