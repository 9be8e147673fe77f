/** Condition of one Kubernetes object to wait for. It is judged only from the object, without Pulumi or network. */
export type Until =
    /** A RampartGraph whose current generation is deployed. */
    | { kind: "graph-deployed" }
    /** A RampartGraph whose current generation is undeployed. */
    | { kind: "graph-undeployed" }
    /** The namespace that Rampart creates for a component, once it is Active. A failure is read from the graph. */
    | { kind: "graph-namespace"; namespace: string }
    /** A DaemonSet that pulls images: its pods are ready on this number of nodes. */
    | { kind: "images"; nodes: number }
    /** A RayCluster: all pods are ready with the model loaded, or no pod exists. */
    | { kind: "ray"; running: boolean }
    /** An object of the ingress controller, or of cert-manager: this condition is True for the current generation. */
    | {
          kind: "condition";
          type: "Accepted" | "Available" | "Ready";
          /**
           * If true, the status False means that the controller is still working on the object.
           * @default false: the status False is a rejection
           */
          patient?: boolean;
      };

export type Verdict =
    | {
          state: "ready";
          /** The data plane has confirmed the change, so no settle time is needed. */
          proved?: true;
          /** Why the data plane could not be queried. */
          unproved?: string;
      }
    | { state: "waiting"; why: string }
    /**
     * The controller rejects the object with the message `why`. The rejection is final if it lasts for `finalAfterSeconds`.
     */
    | { state: "failed"; why: string; finalAfterSeconds: number };

/**
 * Seconds for which a condition must be False before it counts as final. The ingress controller also sets conditions that
 * soon change: InvalidSpec while its cache lacks a referenced object, and SyncFailed until it tries APISIX again, after 1,
 * 2, and then 4 s.
 */
const PASSING_NO_SECONDS = 10;

/** Fields of an object that show its readiness. */
export interface Observed {
    metadata?: { generation?: number };
    status?: {
        phase?: string;
        reason?: string;
        messages?: string;
        observedGeneration?: number;
        conditions?: { type: string; status: string; reason?: string; message?: string; observedGeneration?: number }[];
        /** Of a DaemonSet. */
        desiredNumberScheduled?: number;
        updatedNumberScheduled?: number;
        numberReady?: number;
        /** Of a RayCluster. */
        readyWorkerReplicas?: number;
        desiredWorkerReplicas?: number;
    };
}

/**
 * Judges whether an object is ready.
 * @param object the live object; undefined if it does not exist
 * @param namespace phase of the namespace of a `graph-namespace`; undefined if it does not exist
 */
export function judge(until: Until, object: Observed | undefined, namespace?: string): Verdict {
    if (!object) return { state: "waiting", why: "it does not exist" };
    if (until.kind === "condition") return judgeCondition(until, object);
    if (until.kind === "images") return judgeImages(object, until.nodes);
    if (until.kind === "ray") return judgeRayCluster(object, until.running);
    const graph = judgeGraph(object, until.kind === "graph-undeployed" ? "Undeployed" : "Deployed");
    if (until.kind !== "graph-namespace" || graph.state === "failed") return graph;
    if (namespace === "Active") return { state: "ready" };
    return {
        state: "waiting",
        why: `namespace ${until.namespace} ${namespace ? `is ${namespace}` : "does not exist"}`,
    };
}

/** Deployed and Failed count only for the current generation: an old phase remains until the controller reconciles. */
function judgeGraph(graph: Observed, wanted: "Deployed" | "Undeployed"): Verdict {
    const { phase, reason, messages, observedGeneration } = graph.status ?? {};
    const generation = graph.metadata?.generation;
    const current = observedGeneration === generation;
    if (phase === wanted && current) return { state: "ready" };
    if (phase === "Failed" && current)
        return {
            state: "failed",
            finalAfterSeconds: 0,
            why:
                `Rampart reports Failed (${reason}): ${rampartWords(messages)}\n` +
                "Rampart never retries a failed generation: correct the config, or raise rampart.retry to deploy the same again.",
        };
    return {
        state: "waiting",
        why: `phase ${phase ?? "not set"}, generation ${generation}, observed ${observedGeneration ?? "none"}`,
    };
}

/**
 * The part of Rampart's failure text that may be shown. The text of a failed deployment quotes the whole environment of
 * the controller process, so only the part after `stderr:` is kept. A text without an environment is not changed.
 */
export function rampartWords(messages = ""): string {
    const parts = messages.split(/^stderr:[ \t]*\n?/m);
    if (parts.length > 1) {
        // Several components can fail. Each has its own text, which starts with the environment.
        return parts
            .slice(1)
            .map((part) => part.split(/\n(?=Deployment failed running )/)[0].trim())
            .filter((part) => part !== "")
            .join("\n");
    }
    if (messages !== "" && !/'env':/.test(messages))
        return messages.replace(/^The following errors occured during \w+:\n/, "").trim();
    return "without an error output; see the log of Rampart's controller.";
}

function judgeCondition({ type, patient }: Extract<Until, { kind: "condition" }>, object: Observed): Verdict {
    const condition = object.status?.conditions?.find((c) => c.type === type);
    // An object whose class or gateway has no controller never gets a status.
    if (!condition)
        return {
            state: "waiting",
            why: patient ? "no controller has processed it" : "no ingress controller has processed it",
        };
    if (condition.observedGeneration !== object.metadata?.generation)
        return { state: "waiting", why: `${type} is of an older generation` };
    if (condition.status === "True") return { state: "ready" };
    // The ingress controller 2.0.1 reports each failure of a synchronization four times.
    const why = `${condition.reason}: ${[...new Set(condition.message?.split("; "))].join("; ")}`;
    if (patient) return { state: "waiting", why };
    return {
        state: "failed",
        finalAfterSeconds: PASSING_NO_SECONDS,
        why,
    };
}

/** @param nodes number of nodes that must have a pod */
function judgeImages(set: Observed, nodes: number): Verdict {
    const {
        observedGeneration = 0,
        desiredNumberScheduled: desired = 0,
        updatedNumberScheduled: updated = 0,
        numberReady = 0,
    } = set.status ?? {};
    if (observedGeneration < (set.metadata?.generation ?? 1))
        return { state: "waiting", why: "its controller has not processed it" };
    if (desired < nodes) return { state: "waiting", why: `${desired} of ${nodes} nodes accept a pod of it` };
    if (updated < desired || numberReady < desired)
        return { state: "waiting", why: `${Math.min(updated, numberReady)} of ${desired} pods are ready` };
    return { state: "ready" };
}

/** Judges a RayCluster. Conditions count only after the operator has observed the current generation. */
function judgeRayCluster({ metadata, status }: Observed, running: boolean): Verdict {
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
    if (!running) {
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
