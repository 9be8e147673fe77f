import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "./api-server";
import { openReader, titleOf, type ObjectRef } from "./cluster-reader";
import { drainPods, type Drain } from "./drain";
import { judge, type Verdict, type Until } from "./readiness";
import { untilSettled } from "./until-settled";
import type { ClusterAccess } from "./kubeconfig";

export interface AwaitedArgs {
    cluster: ClusterAccess;
    object: ObjectRef;
    until: Until;
    /** `metadata.generation` of the object (generation.ts). With a new generation, the resource waits again. */
    generation: pulumi.Input<number | undefined>;
    /**
     * `metadata.uid` of the object. It is needed if the object can be re-created with the same generation: with a new uid,
     * the resource waits again.
     */
    uid?: pulumi.Input<string>;
    /** Longest wait for the object, in seconds. */
    timeoutSeconds: number;
    /** Time for which the object must stay ready, in seconds. @default 0 */
    settleSeconds?: number;
    /** Deployment that is drained when this resource is deleted. */
    drain?: Drain;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<Omit<AwaitedArgs, "cluster">> & PlainAccess;
export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
    async diff(_id, olds, news) {
        // A deletion reads its inputs from the state. So a change of these inputs must count as a difference: the update
        // then stores the new inputs.
        const ofDeletion = ({ kubeconfig, drain }: Inputs) => JSON.stringify(drain && [kubeconfig, drain]);
        return { changes: subject(olds) !== subject(news) || ofDeletion(olds) !== ofDeletion(news) };
    },
    async create(inputs) {
        await untilReady(inputs);
        const { apiVersion, kind, namespace, name } = inputs.object;
        return { id: [apiVersion, kind, namespace, name].filter(Boolean).join("/"), outs: inputs };
    },
    async update(_id, olds, inputs) {
        if (subject(olds) !== subject(inputs)) await untilReady(inputs);
        return { outs: inputs };
    },
    async delete(_id, inputs) {
        if (inputs.drain) await drainPods(inputs, inputs.drain);
    },
};

/** Text of what this resource waits for. If the text changes, the resource waits again. */
function subject({ object, until, generation, uid }: Inputs): string {
    return JSON.stringify([object, until, generation, uid]);
}

/** @throws Error with the object's name, its last state and a command that shows the object */
async function untilReady(inputs: Inputs): Promise<void> {
    const { object, until, timeoutSeconds, settleSeconds = 0 } = inputs;
    const title = titleOf(object);
    const hint = `Look: kubectl ${object.namespace ? `-n ${object.namespace} ` : ""}get ${object.kind.toLowerCase()} ${object.name} -o yaml`;
    const read = openReader(inputs);
    const observe = async (): Promise<Verdict> => judge(until, await read(object));
    await untilSettled({ title, hint, timeoutSeconds, settleSeconds, observe });
}
