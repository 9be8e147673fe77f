import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "../kubernetes/api-server";
import { openReader } from "../kubernetes/cluster-reader";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { untilSettled } from "../kubernetes/until-settled";
import { copyKeys } from "./copy";
import { enablePassword, isRejected, openEtcd, type EtcdPlace } from "./json-api";

/** The etcd that an earlier chart installed, and the ConfigMap that shows whether APISIX still uses it. */
export interface FormerEtcd {
    /** Namespace of APISIX and of the former etcd. */
    namespace: string;
    /** Name of the former StatefulSet. */
    name: string;
    /** Name of the ConfigMap with APISIX's settings for the new etcd. */
    profile: string;
}

export interface EtcdPreparedArgs {
    cluster: ClusterAccess;
    /** The members' pods. */
    place: EtcdPlace;
    /** `metadata.uid` of the StatefulSet, since a re-created StatefulSet may have lost its data. */
    uid: pulumi.Input<string>;
    /** Password of etcd's user root; a secret. */
    password: pulumi.Input<string>;
    former: FormerEtcd;
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
        const lacks = async () => (await asksForNone(news)) || (await formerMembers(news)) > 0;
        return { changes: await lacks().catch(() => false) };
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
                    `${title}: had lost its data, and requires its password again now. Run: kubectl -n ${inputs.former.namespace} rollout restart deployment/apisix`,
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
    await moveKeys(inputs);
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

/**
 * Number of members of the former etcd, as long as it exists and APISIX does not have the address of the new etcd.
 * @returns 0 if there is nothing to copy
 */
async function formerMembers(inputs: Inputs): Promise<number> {
    const { namespace, name, profile } = inputs.former;
    const read = openReader(inputs);
    const members = await read({ apiVersion: "apps/v1", kind: "StatefulSet", namespace, name });
    if (members === undefined) return 0;
    const apisix = await read({ apiVersion: "apps/v1", kind: "Deployment", namespace, name: "apisix" });
    const volumes = (apisix as Deployment | undefined)?.spec?.template?.spec?.volumes ?? [];
    // APISIX has the new address, so it may already have written into the new etcd.
    if (volumes.some(({ configMap }) => configMap?.name === profile)) return 0;
    return (members.spec as { replicas?: number } | undefined)?.replicas ?? 1;
}

interface Deployment {
    spec?: { template?: { spec?: { volumes?: { configMap?: { name?: string } }[] } } };
}

/**
 * Copies the keys to the new etcd before APISIX gets the address of the new etcd, so that new pods have every route and
 * caller. A run that fails may leave APISIX without the address. Then the next run copies the keys again, because they may
 * have changed.
 */
async function moveKeys(inputs: Inputs): Promise<void> {
    const { place, password, former } = inputs;
    const count = await formerMembers(inputs);
    if (count === 0) return;
    const pods = Array.from({ length: count }, (_, at) => `${former.name}-${at}`);
    const source = { namespace: former.namespace, pods };
    try {
        const from = await openEtcd(inputs, source, password);
        const to = await openEtcd(inputs, place, password);
        const copied = await copyKeys(from, to).finally(() => [from, to].forEach((member) => member.close()));
        if (copied === 0) throw new Error("it holds no key of APISIX");
        console.log(`etcd in namespace ${place.namespace}: ${copied} keys copied from ${former.name}`);
    } catch (error) {
        const said = (error as Error).message;
        throw new Error(
            `StatefulSet ${former.namespace}/${former.name}: its keys cannot be copied to the new etcd: ${said}. ` +
                'APISIX has not been changed. See "The move to etcd\'s own image" in docs/operate/etcd.md.',
        );
    }
}
