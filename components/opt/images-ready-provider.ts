import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "../kubernetes/api-server";
import { openLister, openReader, titleOf } from "../kubernetes/cluster-reader";
import { troubleOf, type ObservedEvent, type ObservedPod } from "../kubernetes/pod-troubles";
import type { Verdict } from "../kubernetes/readiness";
import { untilSettled } from "../kubernetes/until-settled";
import type { ClusterAccess } from "../kubernetes/kubeconfig";

export interface ImagesReadyArgs {
    cluster: ClusterAccess;
    namespace: string;
    /** Name of the DaemonSet. */
    name: string;
    /** Number of nodes that must have a pod of the DaemonSet. */
    nodes: number;
    /** `metadata.generation` of the object. With a new generation, the resource waits again. */
    generation: pulumi.Input<number | undefined>;
    /** Longest wait for the pods of the DaemonSet, in seconds. */
    timeoutSeconds: number;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<Omit<ImagesReadyArgs, "cluster">> & PlainAccess;

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
    async diff(_id, olds, news) {
        return { changes: subject(olds) !== subject(news) };
    },
    async create(inputs) {
        await untilReady(inputs);
        return { id: `${inputs.namespace}/${inputs.name}`, outs: inputs };
    },
    async update(_id, olds, inputs) {
        if (subject(olds) !== subject(inputs)) await untilReady(inputs);
        return { outs: inputs };
    },
};

/** Text of what this resource waits for. If the text changes, the resource waits again. */
function subject({ namespace, name, nodes, generation }: Inputs): string {
    return JSON.stringify([namespace, name, nodes, generation]);
}

/** @throws Error with the DaemonSet's name, its last state and a command that shows the pods */
async function untilReady(inputs: Inputs): Promise<void> {
    const { namespace, name, nodes, timeoutSeconds } = inputs;
    const ref = { apiVersion: "apps/v1", kind: "DaemonSet", namespace, name };
    const read = openReader(inputs);
    const list = openLister(inputs);
    const observe = async (): Promise<Verdict> => {
        const verdict = judgeImages((await read(ref)) as ObservedDaemonSet | undefined, nodes);
        if (verdict.state !== "waiting") return verdict;
        const pods = await list("v1", "Pod", namespace);
        const own = pods.filter(({ metadata }) => metadata?.labels?.["app.kubernetes.io/name"] === name);
        const events = await list("v1", "Event", namespace);
        return (
            troubleOf(own as ObservedPod[], events as ObservedEvent[], { waitsForRetries: true }) ??
            withoutWeights(own as ObservedPod[]) ??
            verdict
        );
    };
    const hint = `Look: kubectl -n ${namespace} describe pods -l app.kubernetes.io/name=${name}`;
    await untilSettled({ title: titleOf(ref), hint, timeoutSeconds, settleSeconds: 0, observe });
}

/** Fields of a DaemonSet that show its readiness. */
interface ObservedDaemonSet {
    metadata?: { generation?: number };
    status?: {
        observedGeneration?: number;
        desiredNumberScheduled?: number;
        updatedNumberScheduled?: number;
        numberReady?: number;
    };
}

/** @param nodes number of nodes that must have a pod */
export function judgeImages(set: ObservedDaemonSet | undefined, nodes: number): Verdict {
    if (set === undefined) return { state: "waiting", why: "it does not exist" };
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

/** Verdict if a running pod is not ready. Its readiness probe only checks the weights, so the weights must be missing. */
function withoutWeights(pods: ObservedPod[]): Verdict | undefined {
    const empty = pods.find(({ metadata, status }) => {
        const [container] = status?.containerStatuses ?? [];
        return !metadata?.deletionTimestamp && container?.state?.running !== undefined && container.ready === false;
    });
    if (empty === undefined) return undefined;
    return { state: "waiting", why: `pod ${empty.metadata?.name}: its folder of weights is empty, or cannot be read` };
}
