/** The emulators of the programs in the cluster, with their connections to each other. */
import type { KubeConfig, V1Pod } from "@kubernetes/client-node";
import type { ControlPlane } from "../control-plane";
import type { EdgePlace } from "../cloudflare/edge/server";
import type { Resolve } from "../gateway/counters/shared-counters";
import type { RealParts } from "../real/choice";
import { ClusterNetwork } from "../real/network";
import type { Found, PartName } from "../real/parts";
import type { Ground } from "../real/run";
import { REAL_TIME, type Clock } from "./clock";
import type { Cluster } from "./cluster";
import { ConnectorPods } from "./connector-pods";
import { Controllers } from "./controllers";
import { EtcdPods } from "./etcd/pods";
import { RealGateways } from "./gateways/real";
import { Gateways } from "./gateways/services";
import { Operators, type OperatorsOptions } from "./operators";
import { RampartPod } from "./rampart-pod";
import { ALPA_PORT } from "./ray/container";
import { RayPods, type RayPodsOptions } from "./ray/pods";
import { RedisPods } from "./redis-pods";
import { ServiceNetwork } from "./service-network";

export interface WorkloadsOptions {
    kubeConfig: KubeConfig;
    controlPlane: ControlPlane;
    log: (line: string) => void;
    /** State directory for recording processes. */
    stateDir?: string;
    /** Address of Cloudflare's edge for connectors. Without it, pods of cloudflared do not start. */
    edge?: EdgePlace;
    /** Clock of the emulators. @default real time */
    clock?: Clock;
    /** GPUs, the pods that use them, and KubeRay's operator. @default GPU requests of pods are ignored, and no operator runs */
    gpus?: RayPodsOptions & Pick<OperatorsOptions, "program" | "stateDir" | "env">;
    /** Starts Rampart's controller when its pod is ready. @default the world starts it */
    rampart?: () => Promise<{ close(): Promise<void> }>;
    /** Called with each answer of an APISIX emulator. */
    onAnswer?: (answered: { caller: string | null; status: number }) => void;
    /**
     * The real programs, the environment in which they start, and the path of etcd for real gateways. @default only
     * emulators
     */
    real?: { parts: RealParts; ground: Ground; etcd: string };
}

/** The started emulators. An emulator is unset if this world does not need it. */
export interface Parts {
    ray?: RayPods;
    operators?: Operators;
    redis: RedisPods;
    etcd?: EtcdPods;
    network?: ClusterNetwork;
    realGateways?: RealGateways;
    gateways: Gateways;
    connectors: ConnectorPods;
    controllers: Controllers;
    rampart?: RampartPod;
    /** Resolves names and addresses of the cluster for gateways. */
    resolve: Resolve;
}

/** @param changed called by the emulators after a change that causes no watch event */
export async function startParts(options: WorkloadsOptions, cluster: Cluster, changed: () => void): Promise<Parts> {
    const { controlPlane, log, onAnswer, gpus, clock = REAL_TIME, real } = options;
    const ended = (pod: V1Pod) => cluster.takeAway(pod);
    const redis = new RedisPods(log, options.stateDir);
    const [apisix, controller] = [realPart(options, "apisix"), realPart(options, "ingress-controller")];
    const etcd = apisix && new EtcdPods(real!.etcd, apisix.ground, (pod) => gateways.reachable(pod));
    const portOf = (pod: V1Pod, port: number) => {
        const { namespace, name } = pod.metadata!;
        const inGateways = gateways.podPort(namespace!, name!, port) ?? redis.portOf(pod, port);
        return (
            inGateways ?? etcd?.podPort(namespace!, name!, port) ?? (port === ALPA_PORT ? ray?.alpaOf(pod) : undefined)
        );
    };
    const services = new ServiceNetwork({
        snapshot: () => cluster.snapshot(),
        portOf,
        reachable: (pod) => gateways.reachable(pod),
    });
    const { resolve, portsOf, podPort } = services;
    const network = apisix || controller ? await ClusterNetwork.start({ resolve, portsOf, podPort, log }) : undefined;
    const realGateways = apisix && new RealGateways(apisix.found, apisix.ground, network!, changed);
    const ray = gpus && new RayPods(gpus, { cluster, clock, ended, changed, log });
    const operators = gpus && new Operators({ ...gpus, cluster, controlPlane, log });
    gpus?.ledger.onChange(changed);
    const gateways: Gateways = new Gateways({ resolve, clock, ended, real: realGateways, onAnswer, log });
    const connectors = new ConnectorPods({
        edge: options.edge,
        resolve,
        real: realPart(options, "cloudflared"),
        changed,
        log,
    });
    const controllers = new Controllers({
        cluster,
        controlPlane,
        clock,
        resolveAdmin: async (admin) => gateways.resolveAdmin(admin),
        reachable: gateways.reachable,
        real: controller && { ...controller, proxyUrl: network!.proxyUrl },
        log,
    });
    const rampart = options.rampart && new RampartPod(options.rampart);
    return { ray, operators, redis, etcd, network, realGateways, gateways, connectors, controllers, rampart, resolve };
}

function realPart({ real }: WorkloadsOptions, name: PartName): { found: Found; ground: Ground } | undefined {
    const found = real?.parts[name];
    return found && { found, ground: real!.ground };
}
