/** Pods of a RayCluster like those of KubeRay 1.6, shortened. */
import type { V1Container, V1Pod, V1PodSpec } from "@kubernetes/client-node";

const IMAGE = "registry.example.com/alpa-serving:1.0.0";
export const WEIGHTS = "/data/opt_weights";
const LAUNCH = "python3 launch_model_worker.py --model alpa/opt-66b --path /weights --host 0.0.0.0";

export interface RayPodArgs {
    name: string;
    /** @default "worker" */
    type?: "head" | "worker";
    node: string;
    container?: Partial<V1Container>;
    spec?: Partial<V1PodSpec>;
    /** Whether the deletion of the pod was requested. */
    deleted?: boolean;
}

export function rayPod({ name, type = "worker", node, container, spec, deleted }: RayPodArgs): V1Pod {
    const head = type === "head";
    return {
        metadata: {
            name,
            uid: name,
            namespace: "llm",
            labels: { "ray.io/cluster": "alpa-opt", "ray.io/node-type": type },
            ...(deleted ? { deletionTimestamp: new Date(), deletionGracePeriodSeconds: 30 } : {}),
        },
        spec: {
            nodeName: node,
            volumes: [{ name: "weights", hostPath: { path: WEIGHTS, type: "Directory" } }],
            ...(head ? {} : { initContainers: [{ name: "wait-gcs-ready", image: IMAGE }] }),
            containers: [
                {
                    name: head ? "ray-head" : "ray-worker",
                    image: IMAGE,
                    ...(head ? { command: ["/bin/bash", "-c", "--"], args: [`ray start --head & ${LAUNCH}`] } : {}),
                    resources: { limits: { "nvidia.com/gpu": "8" } },
                    readinessProbe: {
                        exec: { command: head ? ["curl", "http://127.0.0.1:20001/"] : ["ray", "health-check"] },
                    },
                    volumeMounts: [{ name: "weights", mountPath: "/weights" }],
                    ...container,
                },
            ],
            ...spec,
        },
        status: { phase: "Pending" },
    } as V1Pod;
}
