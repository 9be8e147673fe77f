import type { Observed, Verdict } from "./readiness";

// Part of what the state keeps as text for dynamic resources, by the rules of awaited-provider.ts.

/** The parts of a RayCluster that readiness is read from. */
export interface ObservedCluster {
    metadata?: Observed["metadata"];
    status?: Observed["status"] & { readyWorkerReplicas?: number; desiredWorkerReplicas?: number };
}

/** The parts of a pod that its troubles are read from. */
export interface ObservedPod {
    metadata?: { name?: string; deletionTimestamp?: unknown };
    status?: {
        conditions?: { type: string; status: string; reason?: string; message?: string }[];
        containerStatuses?: ContainerState[];
        initContainerStatuses?: ContainerState[];
    };
}

interface ContainerState {
    name: string;
    restartCount?: number;
    state?: { waiting?: { reason?: string; message?: string } };
    lastState?: { terminated?: { reason?: string; message?: string; exitCode?: number } };
}

/** Kubernetes tries again for ever: what it says for this long is taken as final. */
const PULL_SECONDS = 60;
/** Starts that have failed before it counts: Ray may come up before what it needs. */
const FAILED_STARTS = 3;

/**
 * Why pods do not become ready, where they say so: an image that cannot be pulled, a container that ends again and again, or
 * no node for it. Undefined when nothing is known to be wrong.
 */
export function troubleOf(pods: ObservedPod[]): Verdict | undefined {
    const found = pods.filter(({ metadata }) => !metadata?.deletionTimestamp).flatMap(troublesOf);
    return found.find(({ state }) => state === "failed") ?? found[0];
}

function troublesOf({ metadata, status }: ObservedPod): Verdict[] {
    const name = metadata?.name ?? "a pod";
    const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const verdicts = containers.flatMap((container): Verdict[] => {
        const { reason = "", message = "" } = container.state?.waiting ?? {};
        const why = `pod ${name}: ${[reason, message].filter(Boolean).join(": ")}`;
        if (/^(ErrImage|ImagePull|InvalidImage|CreateContainerConfig)/.test(reason))
            return [{ state: "failed", finalAfterSeconds: PULL_SECONDS, why: `${why}.` }];
        if (reason !== "CrashLoopBackOff") return [];
        const { message: last, exitCode } = container.lastState?.terminated ?? {};
        const said = `pod ${name}: ends again and again (exit code ${exitCode ?? "not known"}${last ? `: ${last.trim().split("\n").pop()}` : ""})`;
        const final = (container.restartCount ?? 0) >= FAILED_STARTS;
        return [final ? { state: "failed", finalAfterSeconds: 0, why: `${said}.` } : { state: "waiting", why: said }];
    });
    const placed = status?.conditions?.find(({ type }) => type === "PodScheduled");
    if (placed?.status === "False")
        verdicts.push({ state: "waiting", why: `pod ${name}: ${placed.reason}: ${placed.message}` });
    return verdicts;
}

/** A condition of an operator that has not seen the current generation is of the one before. */
export function judgeRayCluster(cluster: ObservedCluster | undefined, running: boolean): Verdict {
    if (cluster === undefined) return { state: "waiting", why: "it does not exist" };
    const { metadata, status } = cluster;
    const {
        conditions = [],
        observedGeneration = 0,
        readyWorkerReplicas = 0,
        desiredWorkerReplicas = 0,
    } = status ?? {};
    if (observedGeneration < (metadata?.generation ?? 1))
        return { state: "waiting", why: "KubeRay's operator has not looked at it" };
    const condition = (type: string) => conditions.find((c) => c.type === type);
    const failure = condition("ReplicaFailure");
    if (failure?.status === "True")
        return { state: "failed", finalAfterSeconds: 60, why: `${failure.reason}: ${failure.message}.` };
    const is = (type: string) => condition(type)?.status === "True";
    if (!running) {
        if (is("RayClusterSuspended")) return { state: "ready" };
        return { state: "waiting", why: "its pods are not gone" };
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
