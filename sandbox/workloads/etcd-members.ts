/**
 * What the gateways of one release share through etcd. It lasts as long as a pod of them or of their etcd does: it
 * survives a restart of the pods and not the loss of etcd. It can lose what it holds on order. While fewer than half of the members and one more are there,
 * nothing is read or written through an Admin API, and gateways go on with what they have in memory.
 *
 * The first member sets up authentication whenever it starts with a password and finds none, with data of before too
 * (libetcd.sh of the image 3.6). A password that etcd has already is never changed.
 *
 * Not imitated: the readiness probe of a member, which fails without a quorum.
 */
import type { V1Pod } from "@kubernetes/client-node";
import { Configuration } from "../gateway/configuration";
import { isReady, type Snapshot } from "./cluster";
import { variablesOf } from "./pod-environment";
import { APISIX, ETCD, instance, runs } from "./pods";

export class EtcdMembers {
    /** By release. */
    private readonly configurations = new Map<string, Configuration>();
    /** Members that a release's etcd has, there or not. */
    private readonly sizes = new Map<string, number>();

    configurationOf(pod: V1Pod): Configuration {
        const key = instance(pod);
        const configuration = this.configurations.get(key) ?? new Configuration();
        this.configurations.set(key, configuration);
        return configuration;
    }

    /**
     * Makes the etcd of each release lose its data: its members restart empty, or all keys are deleted while it runs.
     */
    lose(how: "data" | "keys"): void {
        for (const [key, configuration] of this.configurations)
            if (how === "keys") configuration.clear();
            else this.configurations.set(key, configuration.lose());
    }

    /** @param reachable whether the machine of a pod can be reached */
    reconcile(now: Snapshot, reachable: (pod: V1Pod) => boolean): void {
        const members = now.pods.filter((pod) => runs(pod, ETCD));
        const held = new Set(now.pods.filter((pod) => runs(pod, APISIX) || runs(pod, ETCD)).map(instance));
        for (const key of [...this.configurations.keys(), ...this.sizes.keys()])
            if (!held.has(key)) {
                this.configurations.delete(key);
                this.sizes.delete(key);
            }
        for (const pod of members) this.sizes.set(instance(pod), clusterSize(pod));
        for (const pod of members)
            if (isReady(pod) && isFirst(pod)) this.configurationOf(pod).current().password ??= passwordOf(pod, now);
        for (const [key, configuration] of this.configurations) {
            const there = members.filter((pod) => instance(pod) === key && isReady(pod) && reachable(pod)).length;
            const size = this.sizes.get(key);
            // Of an etcd that is no pod nothing is known here.
            configuration.hasQuorum = size === undefined || there > size / 2;
        }
    }
}

function passwordOf(pod: V1Pod, now: Snapshot): string | undefined {
    const container = pod.spec!.containers.find(({ image }) => ETCD.test(image!))!;
    const env = (container.env ?? []).filter(({ name }) => name === "ETCD_ROOT_PASSWORD");
    return variablesOf(pod, { ...container, env }, now).ETCD_ROOT_PASSWORD;
}

/** Whether a pod is the member that sets up authentication: the first one of its cluster. */
export function isFirst(pod: V1Pod): boolean {
    const names = clusterOf(pod);
    return names.length < 2 || names[0].startsWith(`${pod.metadata!.name}=`);
}

/** Number of members in the settings of an etcd pod; the chart omits them for a single member. */
function clusterSize(pod: V1Pod): number {
    return Math.max(1, clusterOf(pod).length);
}

function clusterOf(pod: V1Pod): string[] {
    const variables = pod.spec!.containers.flatMap(({ env = [] }) => env);
    return variables.find(({ name }) => name === "ETCD_INITIAL_CLUSTER")?.value?.split(",") ?? [];
}
