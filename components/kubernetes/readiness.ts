/** Condition of one Kubernetes object to wait for, judged only from the object, without Pulumi or network. */
export type Until =
    /** A RampartGraph whose current generation is deployed. */
    | { kind: "graph-deployed" }
    /** A RampartGraph whose current generation is there with nothing running. */
    | { kind: "graph-undeployed" }
    /** The namespace Rampart makes for a component; judged on the namespace, with the graph for the reason why not. */
    | { kind: "graph-namespace"; namespace: string }
    /** A namespace that is not on its way out: a Terminating one still counts as existing for Rampart. */
    | { kind: "not-terminating" }
    /** An object of the ingress controller, or of cert-manager: this condition is True for the current generation. */
    | {
          kind: "condition";
          type: "Accepted" | "Available" | "Ready";
          /** Whether False only means that work continues. @default False is a rejection */
          patient?: boolean;
      };

export type Verdict =
    | {
          state: "ready";
          /** The data plane itself has confirmed it, so there is nothing to wait for. */
          proved?: true;
          /** Why the data plane could not be queried. */
          unproved?: string;
      }
    | { state: "waiting"; why: string }
    /** The controller says no, in its own words. It counts once it has been so for this long without interruption. */
    | { state: "failed"; why: string; finalAfterSeconds: number };

/**
 * How long a condition must be False before it counts. The ingress controller says InvalidSpec while its cache lacks
 * what an object refers to, and SyncFailed until its next try at APISIX: it pauses 1, 2, then 4 s between them.
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
    };
}

/**
 * Says how far an object is.
 * @param object the live object; undefined when it does not exist
 * @param namespace phase of the namespace of a `graph-namespace`, undefined when it does not exist
 */
export function judge(until: Until, object: Observed | undefined, namespace?: string): Verdict {
    if (until.kind === "not-terminating")
        return object?.status?.phase === "Terminating"
            ? { state: "waiting", why: "it is Terminating" }
            : { state: "ready" };
    if (!object) return { state: "waiting", why: "it does not exist" };
    if (until.kind === "condition") return judgeCondition(until, object);
    const graph = judgeGraph(object, until.kind === "graph-undeployed" ? "Undeployed" : "Deployed");
    if (until.kind !== "graph-namespace" || graph.state === "failed") return graph;
    if (namespace === "Active") return { state: "ready" };
    return {
        state: "waiting",
        why: `namespace ${until.namespace} ${namespace ? `is ${namespace}` : "does not exist"}`,
    };
}

/** Deployed or Failed count only for the current generation: the older phase stays until the controller looks. */
function judgeGraph(graph: Observed, wanted: "Deployed" | "Undeployed" = "Deployed"): Verdict {
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
 * The part of Rampart's failure text that may be shown. A failed deployment's text quotes the whole environment
 * of the controller process before it comes to the point, so only what follows `stderr:` is kept; a text that quotes no
 * environment is shown as it is.
 */
export function rampartWords(messages = ""): string {
    const parts = messages.split(/^stderr:[ \t]*\n?/m);
    if (parts.length > 1) {
        // Several components can fail: each has its own text, and the next one starts again with the environment.
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
    // An object of a class or gateway that no controller serves never gets a status at all.
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
