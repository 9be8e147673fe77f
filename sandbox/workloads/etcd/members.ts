/**
 * What the gateways of one etcd share. It lasts as long as a pod of etcd does, or of a gateway that reads it: it survives a
 * restart of the pods and not the loss of etcd. It can lose what it holds on order. While fewer than half of the members and
 * one more are there, nothing is read or written through an Admin API, and gateways go on with what they have in memory.
 *
 * Each ready member answers on its client port, as api.ts emulates it.
 *
 * Unsupported: the readiness probe of a member, which fails without a quorum.
 */
import type { V1Pod } from "@kubernetes/client-node";
import { Configuration } from "../../gateway/objects/configuration";
import type { Listening } from "../../processes/listen";
import { etcdHosts } from "../../real/apisix-config";
import { settingsOf } from "../gateway-settings/file";
import { isReady, type Snapshot } from "../cluster";
import { startEtcdApi } from "./api";
import { memberNames } from "./flags";
import { APISIX, ETCD, runs } from "../pods/images";

const CLIENT_PORT = 2379;

export class EtcdMembers {
    /** By namespace and name of the StatefulSet. */
    private readonly configurations = new Map<string, Configuration>();
    /** Members that an etcd has, there or not. */
    private readonly sizes = new Map<string, number>();
    /** By namespace and name of the member's pod. */
    private readonly apis = new Map<string, Listening>();

    /** @param pod of APISIX */
    configurationOf(pod: V1Pod, now: Snapshot): Configuration {
        return this.configuration(readBy(pod, now));
    }

    /**
     * Makes each etcd lose its data: its members restart empty, or all keys are deleted while it runs.
     */
    lose(how: "data" | "keys"): void {
        for (const [key, configuration] of this.configurations)
            if (how === "keys") configuration.clear();
            else this.configurations.set(key, configuration.lose());
    }

    /** @param reachable whether the machine of a pod can be reached */
    reconcile(now: Snapshot, reachable: (pod: V1Pod) => boolean): void {
        const members = now.pods.filter((pod) => runs(pod, ETCD));
        const held = new Set([
            ...members.map(etcdOf),
            ...now.pods.filter((pod) => runs(pod, APISIX)).map((pod) => readBy(pod, now)),
        ]);
        for (const key of [...this.configurations.keys(), ...this.sizes.keys()])
            if (!held.has(key)) {
                this.configurations.delete(key);
                this.sizes.delete(key);
            }
        for (const pod of members) this.sizes.set(etcdOf(pod), memberNames(pod).length);
        for (const [key, configuration] of this.configurations) {
            const there = members.filter((pod) => etcdOf(pod) === key && isReady(pod) && reachable(pod)).length;
            const size = this.sizes.get(key);
            // Of an etcd that is no pod nothing is known here.
            configuration.hasQuorum = size === undefined || there > size / 2;
        }
    }

    /** Has each ready member answer on its client port, and the others not. */
    async serve(now: Snapshot): Promise<void> {
        const ready = now.pods.filter((pod) => runs(pod, ETCD) && isReady(pod) && !pod.metadata!.deletionTimestamp);
        for (const pod of ready)
            if (!this.apis.has(nameOf(pod))) {
                const key = etcdOf(pod);
                this.apis.set(nameOf(pod), await startEtcdApi(() => this.configuration(key).current()));
            }
        for (const [name, api] of this.apis)
            if (!ready.some((pod) => nameOf(pod) === name)) {
                this.apis.delete(name);
                await api.close();
            }
    }

    /** Port on 127.0.0.1 that emulates one of a member's. */
    podPort(namespace: string, name: string, port: number): number | undefined {
        return port === CLIENT_PORT ? this.apis.get(`${namespace}/${name}`)?.port : undefined;
    }

    async close(): Promise<void> {
        await Promise.all([...this.apis.values()].map((api) => api.close()));
    }

    private configuration(key: string): Configuration {
        const configuration = this.configurations.get(key) ?? new Configuration();
        this.configurations.set(key, configuration);
        return configuration;
    }
}

const nameOf = ({ metadata }: V1Pod) => `${metadata!.namespace}/${metadata!.name}`;

/** Namespace and StatefulSet of a member. */
function etcdOf({ metadata }: V1Pod): string {
    return `${metadata!.namespace}/${metadata!.name!.replace(/-\d+$/, "")}`;
}

/** The same of the etcd that a gateway reads: its Service has the name of the StatefulSet. */
function readBy(pod: V1Pod, now: Snapshot): string {
    const text = settingsOf(pod, now)?.text;
    const [name, namespace] = (text === undefined ? "" : (etcdHosts(text)[0]?.host ?? "")).split(".");
    return `${namespace ?? pod.metadata!.namespace}/${name}`;
}
