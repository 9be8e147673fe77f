import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "../kubernetes/api-server";
import { kubectlOf } from "../kubernetes/kubeconfig-content";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { untilSettled } from "../kubernetes/until-settled";
import { enablePassword, isRejected, openEtcd, type EtcdPlace } from "./json-api";

export interface EtcdPreparedArgs {
    cluster: ClusterAccess;
    /** The members' pods. */
    place: EtcdPlace;
    /** `metadata.uid` of the StatefulSet, since a re-created StatefulSet may have lost its data. */
    uid: pulumi.Input<string>;
    /** Password of etcd's user root; a secret. */
    password: pulumi.Input<string>;
    /** Namespace APISIX runs in. */
    apisixNamespace: string;
    /** Longest wait for etcd, in seconds. */
    timeoutSeconds: number;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<Omit<EtcdPreparedArgs, "cluster">> & PlainAccess;

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
    /** Also queries etcd, in preview too: after the loss of its volume, etcd requires no password until it is prepared again. */
    async diff(_id, olds, news) {
        const subject = ({ place, uid, password }: Inputs) => JSON.stringify([place, uid, password]);
        if (subject(olds) !== subject(news)) return { changes: true };
        // If the query of etcd fails, the method reports no change.
        return { changes: await asksForNone(news).catch(() => false) };
    },
    async create(inputs) {
        await prepare(inputs);
        return { id: `${inputs.place.namespace}/etcd`, outs: inputs };
    },
    async update(_id, olds, inputs) {
        await prepare(inputs, olds.password);
        return { outs: inputs };
    },
};

/** @param before the previous password */
async function prepare(inputs: Inputs, before?: string): Promise<void> {
    const { place, password, timeoutSeconds } = inputs;
    const title = `etcd in namespace ${place.namespace}`;
    const hint = `Look: kubectl -n ${place.namespace} get pods, and kubectl -n ${place.namespace} logs ${place.pods[0]}`;
    await untilSettled({
        ...{ title, hint, timeoutSeconds, settleSeconds: 0 },
        observe: async () => {
            const found = await setPassword(inputs);
            if (found === "open" && before !== undefined)
                console.log(
                    `${title}: had lost its data, and requires its password again now. Run: ${kubectlOf(inputs, inputs.apisixNamespace)} rollout restart deployment/apisix`,
                );
            if (found !== "rejected") return { state: "ready" };
            if (before === undefined || before === password)
                return {
                    state: "failed",
                    why: "its user root has another password than this stack. To replace etcd, see docs/operate/etcd.md.",
                    finalAfterSeconds: 0,
                };
            const member = await openEtcd(inputs, place, before);
            await member.call("auth/user/changepw", { name: "root", password }).finally(member.close);
            return { state: "ready" };
        },
    });
}

/** @returns whether etcd accepted or rejected this password; `open` if it required no password before */
async function setPassword(inputs: Inputs): Promise<"open" | "accepted" | "rejected"> {
    const { place, password } = inputs;
    const member = await openEtcd(inputs, place, password).catch((error: Error) => {
        if (!isRejected(error)) throw error;
        return undefined;
    });
    if (member === undefined) return "rejected";
    if (!member.asks) await enablePassword(member, password).finally(member.close);
    member.close();
    return member.asks ? "accepted" : "open";
}

async function asksForNone(inputs: Inputs): Promise<boolean> {
    const member = await openEtcd(inputs, inputs.place, inputs.password);
    member.close();
    return !member.asks;
}
