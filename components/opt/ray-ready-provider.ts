import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "../kubernetes/api-server";
import { openLister, openReader, titleOf } from "../kubernetes/cluster-reader";
import { troubleOf, type ObservedEvent, type ObservedPod } from "../kubernetes/pod-troubles";
import { judgeRayCluster, type ObservedCluster } from "./ray-readiness";
import type { Verdict } from "../kubernetes/readiness";
import { untilSettled } from "../kubernetes/until-settled";
import type { ClusterAccess } from "../kubernetes/kubeconfig";

export interface RayReadyArgs {
    cluster: ClusterAccess;
    namespace: string;
    /** Name of the RayCluster. */
    name: string;
    /** Whether all pods must be ready with the model loaded. If false, no pod may exist. */
    running: boolean;
    /** `metadata.generation` of the object. With a new generation, the resource waits again. */
    generation: pulumi.Input<number | undefined>;
    /** Number of the attempt in a conversion. With a new number, the resource waits again. */
    attempt: number;
    /**
     * Whether the run is a rollback to an earlier phase, or repeats the current phase. If true, the run does not wait for
     * the cluster if only the number of the attempt is new.
     */
    back?: boolean;
    /** Longest wait for the RayCluster, in seconds. */
    timeoutSeconds: number;
    /** Time for which the cluster must stay in the required state, in seconds. */
    settleSeconds: number;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<Omit<RayReadyArgs, "cluster">> & PlainAccess;

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
    async diff(_id, olds, news) {
        return { changes: subject(olds) !== subject(news) };
    },
    async create(inputs) {
        await untilReady(inputs);
        return { id: `${inputs.namespace}/${inputs.name}`, outs: inputs };
    },
    async update(_id, olds, inputs) {
        if (mustWait(olds, inputs)) await untilReady(inputs);
        return { outs: inputs };
    },
};

/** Whether to wait. A rollback must not wait for a failed component, because the next phase suspends the component. */
function mustWait(olds: Inputs, news: Inputs): boolean {
    const before = news.running && news.back ? { ...olds, attempt: news.attempt } : olds;
    return subject(before) !== subject(news);
}

/** Text of what this resource waits for. If the text changes, the resource waits again. */
function subject({ namespace, name, running, generation, attempt }: Inputs): string {
    return JSON.stringify([namespace, name, running, generation, attempt]);
}

/** @throws Error with the RayCluster's name, its last state and a command that shows it */
async function untilReady(inputs: Inputs): Promise<void> {
    const { namespace, name, running, timeoutSeconds, settleSeconds } = inputs;
    const ref = { apiVersion: "ray.io/v1", kind: "RayCluster", namespace, name };
    const read = openReader(inputs);
    const list = openLister(inputs);
    const observe = async (): Promise<Verdict> => {
        const verdict = judgeRayCluster(
            (await read(ref)) as ObservedCluster | undefined,
            running ? "running" : "suspended",
        );
        if (!running || verdict.state !== "waiting") return verdict;
        // The operator retries pods forever, and reports few of their problems.
        const pods = await list("v1", "Pod", namespace);
        const own = pods.filter(({ metadata }) => metadata?.labels?.["ray.io/cluster"] === name);
        const events = await list("v1", "Event", namespace);
        return troubleOf(own as ObservedPod[], events as ObservedEvent[]) ?? verdict;
    };
    const hint = `Look: kubectl -n ${namespace} get pods -l ray.io/cluster=${name}; kubectl -n ${namespace} describe raycluster ${name}`;
    await untilSettled({ title: titleOf(ref), hint, timeoutSeconds, settleSeconds, observe });
}
