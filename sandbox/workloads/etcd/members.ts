/**
 * The data of each etcd, which its gateways share. The data survives restarts of pods, because it exists as long as the etcd
 * has a pod, or a gateway uses the etcd. Tests can make an etcd lose its data. Without a majority of the members, Admin APIs
 * neither read nor write, and gateways use the objects in their memory.
 *
 * Each ready member serves the API of api.ts on its client port.
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
    /** Data of each etcd, by `namespace/name` of its StatefulSet. */
    private readonly configurations = new Map<string, Configuration>();
    /** Number of members of each etcd, running or not, by `namespace/name` of its StatefulSet. */
    private readonly sizes = new Map<string, number>();
    /** Servers of api.ts, by `namespace/name` of the member's pod. */
    private readonly apis = new Map<string, Listening>();

    /** The data of the etcd that a pod of APISIX uses. */
    configurationOf(pod: V1Pod, now: Snapshot): Configuration {
        return this.configuration(readBy(pod, now));
    }

    /** Makes each etcd restart without its data. */
    lose(): void {
        for (const [key, configuration] of this.configurations) this.configurations.set(key, configuration.lose());
    }

    /** @param reachable whether the node of a pod is reachable */
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
            // An etcd that has no pods in the sandbox is treated as always having a quorum.
            configuration.hasQuorum = size === undefined || there > size / 2;
        }
    }

    /** Opens the client port of each ready member, and closes the client port of each member that is not ready. */
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

    /** Port on 127.0.0.1 that emulates a member's client port; undefined for another port, or if no such member is ready. */
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

/** `namespace/name` of a member's StatefulSet. */
function etcdOf({ metadata }: V1Pod): string {
    return `${metadata!.namespace}/${metadata!.name!.replace(/-\d+$/, "")}`;
}

/** `namespace/name` of the StatefulSet of the etcd that a gateway pod reads. The etcd's Service has the StatefulSet's name. */
function readBy(pod: V1Pod, now: Snapshot): string {
    const text = settingsOf(pod, now)?.text;
    const [name, namespace] = (text === undefined ? "" : (etcdHosts(text)[0]?.host ?? "")).split(".");
    return `${namespace ?? pod.metadata!.namespace}/${name}`;
}
