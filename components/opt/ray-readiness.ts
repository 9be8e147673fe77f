import type { Observed, Verdict } from "../kubernetes/readiness";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Fields of a RayCluster that show its readiness. */
export interface ObservedCluster {
    metadata?: Observed["metadata"];
    status?: Observed["status"] & { readyWorkerReplicas?: number; desiredWorkerReplicas?: number };
}

/** Judges a RayCluster. Conditions count only after the operator has observed the current generation. */
export function judgeRayCluster(cluster: ObservedCluster | undefined, wanted: "running" | "suspended"): Verdict {
    if (cluster === undefined) return { state: "waiting", why: "it does not exist" };
    const { metadata, status } = cluster;
    const {
        conditions = [],
        observedGeneration = 0,
        readyWorkerReplicas = 0,
        desiredWorkerReplicas = 0,
    } = status ?? {};
    if (observedGeneration < (metadata?.generation ?? 1))
        return { state: "waiting", why: "KubeRay's operator has not processed it" };
    const condition = (type: string) => conditions.find((c) => c.type === type);
    const failure = condition("ReplicaFailure");
    if (failure?.status === "True")
        return { state: "failed", finalAfterSeconds: 60, why: `${failure.reason}: ${failure.message}.` };
    const is = (type: string) => condition(type)?.status === "True";
    if (wanted === "suspended") {
        if (is("RayClusterSuspended")) return { state: "ready" };
        return { state: "waiting", why: "its pods still exist" };
    }
    if (!is("HeadPodReady")) {
        const { reason = "not known", message = "" } = condition("HeadPodReady") ?? {};
        return { state: "waiting", why: `head not ready (${[reason, message].filter(Boolean).join(": ")})` };
    }
    if (readyWorkerReplicas < desiredWorkerReplicas)
        return { state: "waiting", why: `${readyWorkerReplicas} of ${desiredWorkerReplicas} workers are ready` };
    if (!is("RayClusterProvisioned")) return { state: "waiting", why: "not provisioned" };
    return { state: "ready" };
}
