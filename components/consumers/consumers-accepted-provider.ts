import type * as pulumi from "@pulumi/pulumi";
import { askAdmin } from "./admin-evidence";
import type { PlainAccess } from "../kubernetes/api-server";
import { openLister, openReader } from "../kubernetes/cluster-reader";
import { askWith, credentialsOf, type LiveConsumer, type Sent } from "./credential-evidence";
import { adminTrouble, viewerKey } from "../apisix/admin-api";
import {
    askEveryPod,
    POD_ADMIN_PORT,
    POD_DATA_PORT,
    withoutAdmin,
    type AskPod,
    type GatewayPods,
} from "../apisix/gateway-pods";
import { judge, type Verdict } from "../kubernetes/readiness";
import { untilSettled } from "../kubernetes/until-settled";
import type { ClusterAccess } from "../kubernetes/kubeconfig";

export interface ConsumersAcceptedArgs {
    cluster: ClusterAccess;
    /** Namespace of the consumers and of the route. */
    namespace: string;
    /**
     * `metadata.generation` of each Consumer by its name. The provider waits for the Consumers whose generation has
     * changed.
     */
    generations: pulumi.Input<Record<string, pulumi.Input<number | undefined>>>;
    /**
     * Digest of a Consumer's Secrets, by the Consumer's name; a secret. It changes with a new key, unlike the
     * generation.
     */
    materials: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** The pods that must authenticate the credentials. */
    gateway: GatewayPods;
    /** Longest wait for the pods to authenticate the credentials, in seconds. */
    timeoutSeconds: number;
    /** Time for which the ingress controller must accept all Consumers if the pods cannot be queried, in seconds. */
    settleSeconds: number;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<Omit<ConsumersAcceptedArgs, "cluster">> & PlainAccess;

/** Largest number of rejections that a message quotes. */
const QUOTED = 10;

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
    async diff(_id, olds, news) {
        const part = ({ generations, materials, namespace }: Inputs) =>
            JSON.stringify([Object.entries(generations).sort(), Object.entries(materials).sort(), namespace]);
        return { changes: part(olds) !== part(news) };
    },
    async create(inputs) {
        await untilAccepted(inputs, Object.keys(inputs.generations));
        return { id: inputs.namespace, outs: inputs };
    },
    async update(_id, olds, inputs) {
        const names = Object.keys(inputs.generations).filter(
            (name) =>
                inputs.namespace !== olds.namespace ||
                inputs.generations[name] !== olds.generations[name] ||
                inputs.materials[name] !== olds.materials[name],
        );
        const isKeyReplaced = names.some((name) => ![undefined, inputs.materials[name]].includes(olds.materials[name]));
        await untilAccepted(inputs, names, { isKeyReplaced });
        return { outs: inputs };
    },
};

/**
 * @param names names of the new or changed consumers
 * @param isKeyReplaced whether a key of these consumers may have been replaced, so that a pod without the change still
 * accepts the old key
 * @throws Error with the controller's message for each consumer that it rejects, or with the name of a gateway pod that
 * does not have the change in time
 */
async function untilAccepted(
    inputs: Inputs,
    names: string[],
    { isKeyReplaced } = { isKeyReplaced: false },
): Promise<void> {
    if (names.length === 0) return;
    const { namespace, gateway, timeoutSeconds, settleSeconds } = inputs;
    const list = openLister(inputs);
    const read = openReader(inputs);
    let sent: Sent[] | undefined;
    const observe = async (): Promise<Verdict> => {
        const live = new Map(
            (await list("apisix.apache.org/v1alpha1", "Consumer", namespace)).map((o) => [o.metadata?.name, o]),
        );
        const verdicts = names.map((name) => ({
            name,
            verdict: judge({ kind: "condition", type: "Available" }, live.get(name)),
        }));
        const reasonsOf = (state: "failed" | "waiting") =>
            verdicts.flatMap(({ name, verdict }) => (verdict.state === state ? [`${name}: ${verdict.why}`] : []));
        const [refused, open] = [reasonsOf("failed"), reasonsOf("waiting")];
        if (refused.length > 0) {
            const more = refused.length > QUOTED ? `\nand ${refused.length - QUOTED} more` : "";
            const seconds = verdicts.map(({ verdict: v }) => (v.state === "failed" ? v.finalAfterSeconds : 0));
            return {
                state: "failed",
                finalAfterSeconds: Math.max(...seconds),
                why: `${refused.length} of ${names.length} refused\n${refused.slice(0, QUOTED).join("\n")}${more}\n`,
            };
        }
        if (open.length > 0)
            return { state: "waiting", why: `${open.length} of ${names.length} not accepted yet, ${open[0]}` };
        // A Consumer stays Available even if APISIX rejects it; the status of the route shows whether APISIX receives
        // changes.
        const route = { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: "alpa" };
        const verdict = judge({ kind: "condition", type: "Accepted" }, await read(route));
        if (verdict.state !== "ready") return { ...verdict, why: `ApisixRoute ${namespace}/alpa: ${verdict.why}` };
        const consumers = names.map((name) => live.get(name)! as LiveConsumer);
        const credentials = (sent ??= await credentialsOf(read, namespace, consumers));
        const viewer = await viewerKey(read, gateway.namespace);
        const ask: AskPod = async (connect) => {
            const of = { there: credentials, gone: [] };
            const stored = viewer && (await askAdmin(connect(POD_ADMIN_PORT), viewer, namespace, consumers, of));
            return stored ?? askWith(() => connect(POD_DATA_PORT), "authenticates", credentials);
        };
        const verdictOfPods = await askEveryPod(inputs, gateway, ask, isKeyReplaced ? orThrow(ask) : undefined);
        return withoutAdmin(verdictOfPods, gateway, viewer, "limits and tokens of key pairs");
    };
    const hint = `Look: kubectl -n ${namespace} get consumers.apisix.apache.org -o yaml`;
    const trouble = () => adminTrouble(inputs, gateway.namespace);
    await untilSettled({ title: `Consumers of ${namespace}`, hint, timeoutSeconds, settleSeconds, observe, trouble });
}

/**
 * Changes a query so that it throws if the pod lacks the change. An error from an unready pod means "unknown": while a pod
 * starts, it may lack the new key and still reject the old key.
 */
function orThrow(ask: AskPod): AskPod {
    return async (connect) => {
        const lacks = await ask(connect);
        if (lacks !== undefined) throw new Error(lacks);
        return undefined;
    };
}
