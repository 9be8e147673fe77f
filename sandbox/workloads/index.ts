/**
 * Emulates the programs in the cluster: kubelets' checks, volumes, gateways with their counters, ingress controllers,
 * connectors, Ray and etcd.
 */
import type { V1Pod } from "@kubernetes/client-node";
import { admit, suppliesOf } from "./admit";
import { REAL_TIME } from "./clock";
import { Cluster } from "./cluster";
import { addressOf } from "./connector-pods";
import type { Lost } from "../control-plane/node-port";
import { Looks } from "./looks";
import { Nodes } from "./nodes";
import type { Resolve } from "../gateway/counters/shared-counters";
import { OPERATOR } from "./operators";
import { startParts, type Parts, type WorkloadsOptions } from "./parts";
import { PAUSE } from "./pods/images";
import { createDefaultClass, provision } from "./volumes";

export type { WorkloadsOptions } from "./parts";

export interface Workloads {
    nodes: Nodes;
    /** Resolves names and addresses of the cluster for gateways: see {@link Resolve}. */
    resolve: Resolve;
    /** Port on this machine that emulates a port of a gateway, connector or etcd pod; undefined if nothing listens on it. */
    podPort(namespace: string, pod: string, port: number): number | undefined;
    /** Output of a gateway pod, as `kubectl logs` shows it; undefined if the pod has no gateway. */
    output(namespace: string, pod: string): string | undefined;
    /** Requests that callers lost at node ports because a pod was killed or a node was cut off. */
    lost(): Lost;
    /** Uids of the pods whose ingress controller is the leader of its election. */
    leaders(): string[];
    /**
     * Suspends or resumes the Redis servers with the shared counters. A suspended server accepts requests, but does not
     * answer.
     */
    hangCounters(hanging: boolean): void;
    /**
     * Makes the gateways' etcd restart without its data. The gateways continue with the objects in their memory until they
     * restart. Until then the ingress controller can write no object.
     */
    loseEtcd(): Promise<void>;
    close(): Promise<void>;
}

export async function startWorkloads(options: WorkloadsOptions): Promise<Workloads> {
    const { kubeConfig, log, clock = REAL_TIME } = options;
    const looks = new Looks(log);
    const { changed } = looks;
    const cluster = new Cluster(kubeConfig, changed, log);
    const parts = await startParts(options, cluster, changed);
    await cluster.listed();
    await createDefaultClass(cluster);
    looks.begin(() => look(cluster, parts, options));
    const { gateways, connectors, etcd, controllers, redis, resolve } = parts;
    return {
        nodes: new Nodes({ rest: cluster.rest, clock, gateways, changed }),
        resolve,
        podPort: (namespace, pod, port) =>
            gateways.podPort(namespace, pod, port) ??
            connectors.podPort(namespace, pod, port) ??
            etcd?.podPort(namespace, pod, port),
        output: (namespace, pod) => gateways.output(namespace, pod),
        lost: () => gateways.lost(),
        leaders: () => controllers.leaders(),
        hangCounters: (hanging) => redis.hang(hanging),
        loseEtcd: async () => {
            if (!etcd) return gateways.loseEtcd();
            const lost = etcd.lose();
            changed();
            await lost;
        },
        close: async () => {
            await looks.close();
            cluster.close();
            const { operators, realGateways, network, ray } = parts;
            await operators?.close();
            for (const part of [controllers, connectors, gateways, realGateways, redis, etcd, network])
                await part?.close();
            await ray?.close();
            await parts.rampart?.close();
        },
    };
}

/** Makes each emulator reconcile with the current state of the cluster. */
async function look(cluster: Cluster, parts: Parts, options: WorkloadsOptions): Promise<void> {
    const { ray, operators, redis, etcd, realGateways, gateways, connectors, controllers } = parts;
    const now = cluster.snapshot();
    await provision(cluster, now);
    await connectors.reconcile(now);
    const supplies = suppliesOf(now, {
        edge: options.edge && addressOf(options.edge),
        connected: connectors.connected,
        images: options.gpus && [options.gpus.images, OPERATOR, PAUSE],
        listens: (pod: V1Pod) => (realGateways ? realGateways.gatewayOf(pod) !== undefined : gateways.admits(pod, now)),
    });
    const others = now.pods.filter((pod) => !ray?.emulates(pod));
    await admit(cluster, others, supplies, (pod) => realGateways?.begin(pod, now));
    await etcd?.reconcile(now);
    await ray?.reconcile(now, supplies);
    for (const part of [redis, gateways, controllers]) await part.reconcile(now);
    await operators?.reconcile(now);
    await parts.rampart?.reconcile(now);
}
