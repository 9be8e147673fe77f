import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "./api-server";
import { openLister, openReader, titleOf, type ObjectRef } from "./cluster-reader";
import { drainPods, type Drain } from "./drain";
import { troubleOf, type ObservedEvent, type ObservedPod } from "./pod-troubles";
import { judge, type Verdict, type Until } from "./readiness";
import { untilSettled } from "./until-settled";
import type { ClusterAccess } from "./kubeconfig";

export interface AwaitedArgs {
    cluster: ClusterAccess;
    /** The object to wait for. Unset for a resource that only delays a deletion. */
    object?: ObjectRef;
    /** Its required state; unset without an object. */
    until?: Until;
    /** `metadata.generation` of the object (generation.ts). With a new generation, the resource waits again. */
    generation?: pulumi.Input<number | undefined>;
    /**
     * `metadata.uid` of the object. It is needed if the object can be re-created with the same generation: with a new uid,
     * the resource waits again.
     */
    uid?: pulumi.Input<string>;
    /** Number of the attempt in a conversion. With a new number, the resource waits again. */
    attempt?: number;
    /** Whether the resource does not wait if only the number of the attempt is new. @default false */
    back?: boolean;
    /** Longest wait for the object, in seconds. @default 0 */
    timeoutSeconds?: number;
    /** Time for which the object must stay ready, in seconds. @default 0 */
    settleSeconds?: number;
    /** Deployment that is drained when this resource is deleted. */
    drain?: Drain;
    /** Whether this resource cannot be deleted while the cluster has a RampartGraph of any stack. @default false */
    keptForGraphs?: boolean;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<Omit<AwaitedArgs, "cluster">> & PlainAccess;

/** Label of the pods whose problems are reported, by the kind of the awaited state. Its value is the object's name. */
const PODS: { [kind in Until["kind"]]?: string } = { images: "app.kubernetes.io/name", ray: "ray.io/cluster" };
/** Longest wait for a graph that is being deleted: the 15 minutes that its deletion may take. */
const GOING_SECONDS = 900;
export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
    async diff(_id, olds, news) {
        // A deletion reads its inputs from the state. So a change of these inputs must count as a difference: the update
        // then stores the new inputs.
        const ofDeletion = ({ kubeconfig, drain, keptForGraphs }: Inputs) =>
            JSON.stringify((drain || keptForGraphs) && [kubeconfig, drain]);
        return { changes: subject(olds) !== subject(news) || ofDeletion(olds) !== ofDeletion(news) };
    },
    async create(inputs) {
        await untilReady(inputs);
        return { id: inputs.object ? titleOf(inputs.object) : "deletion", outs: inputs };
    },
    async update(_id, olds, inputs) {
        const before = inputs.back ? { ...olds, attempt: inputs.attempt } : olds;
        if (subject(before) !== subject(inputs)) await untilReady(inputs);
        return { outs: inputs };
    },
    async delete(_id, inputs) {
        if (inputs.drain) await drainPods(inputs, inputs.drain);
        if (inputs.keptForGraphs) await untilNoGraphs(inputs);
    },
};

/** Text of what this resource waits for. If the text changes, the resource waits again. */
function subject({ object, until, generation, uid, attempt }: Inputs): string {
    return JSON.stringify([object, until, generation, uid, attempt]);
}

/** @throws Error with the object's name, its last state and a command that shows the object */
async function untilReady(inputs: Inputs): Promise<void> {
    const { object, until, timeoutSeconds = 0, settleSeconds = 0 } = inputs;
    if (object === undefined || until === undefined) return;
    const { namespace, name } = object;
    const [label, kind] = [PODS[until.kind], object.kind.toLowerCase()];
    const inside = namespace ? `-n ${namespace} ` : "";
    const hint = label
        ? `Look: kubectl ${inside}describe pods -l ${label}=${name}; kubectl ${inside}describe ${kind} ${name}`
        : `Look: kubectl ${inside}get ${kind} ${name} -o yaml`;
    const read = openReader(inputs);
    const observe = async (): Promise<Verdict> => {
        const verdict = judge(until, await read(object));
        const isStopped = until.kind === "ray" && !until.running;
        if (verdict.state !== "waiting" || label === undefined || isStopped) return verdict;
        return (await troubleOfPods(inputs, object, label)) ?? verdict;
    };
    await untilSettled({ title: titleOf(object), hint, timeoutSeconds, settleSeconds, observe });
}

/** Why the pods of an object are not ready. Controllers retry forever, and report few problems of their pods. */
async function troubleOfPods(
    inputs: Inputs,
    { namespace, name }: ObjectRef,
    label: string,
): Promise<Verdict | undefined> {
    const list = openLister(inputs);
    const own = (await list("v1", "Pod", namespace)).filter(({ metadata }) => metadata?.labels?.[label] === name);
    const events = (await list("v1", "Event", namespace)) as ObservedEvent[];
    const isImages = inputs.until!.kind === "images";
    const trouble = troubleOf(own as ObservedPod[], events, { waitsForRetries: isImages });
    return trouble ?? (isImages ? withoutWeights(own as ObservedPod[]) : undefined);
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

/** @throws Error with the graphs, if one of them stays or the API server does not answer */
async function untilNoGraphs(access: PlainAccess): Promise<void> {
    const end = Date.now() + GOING_SECONDS * 1000;
    for (;;) {
        const graphs = await openLister(access)("rampart.petuum.com/v1beta2", "RampartGraph");
        if (graphs.length === 0) return;
        if (Date.now() > end || graphs.some(({ metadata }) => !metadata?.deletionTimestamp))
            throw new Error(
                `Rampart: must stay while graphs exist (${graphs.map(titleOfGraph).join(", ")}). Without its controller a ` +
                    "graph can never be deleted. Set rampart.install again and run pulumi up. To keep Rampart for them and " +
                    "remove it only from this stack, delete its guard and then its release from the state: pulumi state delete",
            );
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }
}

const titleOfGraph = ({ metadata }: { metadata?: { namespace?: string; name?: string } }) =>
    `${metadata?.namespace}/${metadata?.name}`;
