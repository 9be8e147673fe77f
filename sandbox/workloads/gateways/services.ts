/**
 * Emulates what leads to the gateways: Services, their node ports, and the cluster's DNS as far as it names them.
 *
 * Emulated of kube-proxy 1.34: every node answers on a node port, whichever runs the pods (externalTrafficPolicy Cluster;
 * with Local its own alone); connections go to the ready pods in turn (kube-proxy takes any); where none is ready, to those
 * in preStop; a pod that leaves gets new connections until the nodes know of it, 1 s later. 127.0.0.1 is the load
 * balancer of the nodes, which knows at once which of them are up.
 *
 * Unsupported: answers that are lost in a node that is cut off although another node's pod gives them, where the
 * connection came in at 127.0.0.1; what the cluster's own clients (ingress controllers, connectors) lose.
 */
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import type { Resolve } from "../../gateway/counters/redis-connections";
import type { Gateway } from "../../gateway/server";
import { milliseconds, REAL_TIME, type Clock } from "../clock";
import { isReady, selects, type Snapshot } from "../cluster";
import { EtcdMembers } from "../etcd/members";
import { etcdPassword } from "../gateway-settings/secrets";
import { GatewayPods, type GatewayPod } from "./pods";
import { METRICS_PORT } from "../gateway-settings/observed";
import type { Destination, Lost } from "../../control-plane/node-port";
import { NodePorts, type Place } from "./node-ports";
import { APISIX, runs } from "../pods/images";
import type { RealGateways } from "./real";

/** Data port of APISIX in its container. */
const DATA_PORT = 9080;
/** The same for its Admin API. */
const ADMIN_PORT = 9180;
/** The same for TLS. */
const TLS_PORT = 9443;
/** How long nodes go on with the endpoints they know: kube-proxy's --iptables-min-sync-period. */
const ENDPOINTS_SECONDS = 1;

export interface GatewaysOptions {
    /** Names and addresses that the gateways connect to. */
    resolve: Resolve;
    /** @default real time */
    clock?: Clock;
    /** Takes a pod's object away: its containers have ended. @default it stays */
    ended?: (pod: V1Pod) => Promise<void>;
    /** @default emulators */
    real?: RealGateways;
    /** Called with each answer of an APISIX emulator. */
    onAnswer?: (answered: { caller: string | null; status: number }) => void;
    log: (line: string) => void;
}

export class Gateways {
    private readonly pods: GatewayPods;
    private readonly etcd = new EtcdMembers();
    private readonly nodePorts: NodePorts;
    private readonly isCutOff = new Set<string>();
    private last: Snapshot | undefined;
    private readonly clock: Clock;

    constructor(private readonly options: GatewaysOptions) {
        const { resolve, clock = REAL_TIME, ended = async () => undefined, real, onAnswer, log } = options;
        this.clock = clock;
        this.nodePorts = new NodePorts({
            destination: (place, turn) => this.destination(place, turn),
            real: real !== undefined,
            log,
        });
        this.pods = new GatewayPods({
            clock,
            resolve,
            configurationOf: (pod, now) => this.etcd.configurationOf(pod, now),
            reachable: this.reachable,
            cut: (uid) => this.nodePorts.cut(uid),
            ended,
            real,
            onAnswer,
            log,
        });
    }

    async reconcile(now: Snapshot): Promise<void> {
        this.last = now;
        this.pods.forget(Date.now() - milliseconds(this.clock, ENDPOINTS_SECONDS));
        await this.pods.reconcile(now);
        this.etcd.reconcile(now, this.reachable);
        if (!this.options.real) await this.etcd.serve(now);
        await this.nodePorts.follow(now);
    }

    async close(): Promise<void> {
        await this.nodePorts.close();
        await this.pods.close();
        await this.etcd.close();
    }

    /** Whether a gateway could read etcd with what its pod has: APISIX ends while it starts when etcd rejects it. */
    admits(pod: V1Pod, now: Snapshot): boolean {
        this.etcd.reconcile(now, this.reachable);
        return this.etcd.configurationOf(pod, now).current().password === etcdPassword(pod, now);
    }

    /** Ends a pod's gateway at once; its object is another matter. */
    kill(uid: string): Promise<void> {
        return this.pods.kill(uid);
    }

    loseEtcd(how: "data" | "keys"): void {
        this.etcd.lose(how);
    }

    /** Lets nothing through to a node and its pods, nor from them. */
    cutOff(node: string): void {
        this.isCutOff.add(node);
        const its = this.pods.list().filter(({ pod }) => pod.spec?.nodeName === node);
        this.nodePorts.silence(
            node,
            its.map(({ pod }) => pod.metadata!.uid!),
        );
    }

    /** Whether new connections are led to pods of a node, as far as is known of their readiness. */
    leadTo(node: string): boolean {
        return this.pods.list().some(({ pod }) => pod.spec?.nodeName === node && this.isListedReady(pod));
    }

    bringBack(node: string): void {
        this.isCutOff.delete(node);
        this.nodePorts.resume();
    }

    /** What callers have lost at node ports since the world began. */
    lost(): Lost {
        return this.nodePorts.lost();
    }

    readonly reachable = (pod: V1Pod): boolean => !this.isCutOff.has(pod.spec?.nodeName ?? "");

    /** URL of the Admin API behind a Service. While a Deployment is rolled, the youngest pod's keys will stay. */
    readonly resolveAdmin = (service: { namespace: string; name: string; port?: number }): string | undefined => {
        const found = this.service(service.namespace, service.name);
        const port = found?.spec?.ports?.find((p) => service.port === undefined || p.port === service.port);
        const gateway = this.behind(found).at(-1);
        return gateway && port?.targetPort === ADMIN_PORT ? `http://127.0.0.1:${gateway.adminPort}` : undefined;
    };

    /** Local port of a container's data, TLS or Admin port, or of an etcd emulator. A pod of a node that is cut off cannot be reached. */
    podPort(namespace: string, name: string, port: number): number | undefined {
        const found = this.pods
            .list()
            .find(
                ({ pod, state }) =>
                    state !== "gone" && pod.metadata!.namespace === namespace && pod.metadata!.name === name,
            );
        if (!found) return this.etcd.podPort(namespace, name, port);
        if (!this.reachable(found.pod)) return undefined;
        return localPort(found.gateway, port);
    }

    /** What the gateway of a pod has written on its output; undefined where none runs or has run lately. */
    output(namespace: string, name: string): string | undefined {
        const found = this.pods
            .list()
            .find(({ pod }) => pod.metadata!.namespace === namespace && pod.metadata!.name === name);
        return found?.output?.();
    }

    /**
     * Emulates the cluster's DNS and kube-proxy for the data port behind `<service>.<namespace>.svc.cluster.local`.
     * Undefined for other names.
     * @throws Error where there is no such Service, or no ready pod behind its port
     */
    readonly resolveData = (host: string, port: number): number | undefined => {
        const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\.cluster\.local\.?$/.exec(host) ?? [];
        if (name === undefined) return undefined;
        const found = this.service(namespace, name);
        if (!found) throw new Error(`lookup ${host}: no such host`);
        const data = found.spec?.ports?.some((p) => p.port === port && p.targetPort === DATA_PORT);
        const gateway = data ? this.behind(found).at(-1) : undefined;
        if (!gateway) throw new Error(`dial tcp ${host}:${port}: connect: connection refused`);
        return gateway.port;
    };

    /** Port on 127.0.0.1 that emulates a port of the pod with an address; undefined where nothing listens there. */
    readonly portAt = (address: string, port: number): number | undefined => {
        const found = this.pods
            .list()
            .find(({ pod, state }) => pod.status?.podIP === address && ["runs", "leaves"].includes(state));
        if (!found || !this.reachable(found.pod)) return undefined;
        return localPort(found.gateway, port);
    };

    /** Port on 127.0.0.1 behind a port of a Service; undefined where no gateway is behind it. @throws Error where none is ready */
    behindPort(service: V1Service, port: number): number | undefined {
        if (!this.last?.pods.some((pod) => runs(pod, APISIX) && selects(service, pod))) return undefined;
        const target = service.spec?.ports?.find((one) => one.port === port)?.targetPort;
        const gateway = this.behind(service).at(-1);
        if (!gateway) throw new Error(`${service.metadata!.name}:${port}: connection refused`);
        return localPort(gateway, Number(target));
    }

    /** Where a new connection at a node port goes: each pod in turn. */
    private destination({ node, service: { metadata }, targetPort }: Place, turn: number): Destination {
        if (node !== undefined && this.isCutOff.has(node)) return "silence";
        const service = this.service(metadata!.namespace!, metadata!.name!);
        const local = service?.spec?.externalTrafficPolicy === "Local" && node !== undefined;
        const endpoints = this.endpoints(service).filter(({ pod }) => !local || pod.spec?.nodeName === node);
        if (endpoints.length === 0) return "none";
        const { pod, gateway, state } = endpoints[turn % endpoints.length];
        if (!this.reachable(pod)) return "silence";
        const port = targetPort === TLS_PORT ? gateway.tlsPort : gateway.port;
        // A pod without TLS has nothing that listens there.
        if (state === "quits" || state === "gone" || port === undefined) return "gone";
        return { pod: pod.metadata!.uid!, port };
    }

    /** What the nodes know of the pods behind a Service. */
    private endpoints(service: V1Service | undefined): GatewayPod[] {
        if (!service) return [];
        const behind = this.pods.list().filter(({ pod }) => selects(service, pod));
        const since = Date.now() - milliseconds(this.clock, ENDPOINTS_SECONDS);
        const known = behind.filter(({ pod, state, leftAt }) =>
            leftAt === undefined ? state === "runs" && this.isListedReady(pod) : leftAt > since,
        );
        return known.length > 0 ? known : behind.filter(({ state }) => state === "leaves");
    }

    /** By the last look at the cluster; a pod whose object is gone is not. */
    private isListedReady({ metadata }: V1Pod): boolean {
        const pod = this.last?.pods.find((p) => p.metadata!.uid === metadata!.uid);
        return pod !== undefined && isReady(pod);
    }

    private service(namespace: string, name: string): V1Service | undefined {
        return this.last?.services.find((s) => s.metadata!.name === name && s.metadata!.namespace === namespace);
    }

    /** The gateways of a Service's ready pods that can be reached, the youngest pod last. */
    private behind(service: V1Service | undefined): Gateway[] {
        if (!service) return [];
        const pods = this.pods.list().filter(({ pod, state }) => selects(service, pod) && state === "runs");
        return pods.filter(({ pod }) => this.isListedReady(pod) && this.reachable(pod)).map(({ gateway }) => gateway);
    }
}

function localPort({ port, adminPort, tlsPort, metricsPort }: Gateway, containerPort: number): number | undefined {
    const ports: Record<number, number | undefined> = {
        [DATA_PORT]: port,
        [ADMIN_PORT]: adminPort,
        [TLS_PORT]: tlsPort,
        [METRICS_PORT]: metricsPort,
    };
    return ports[containerPort];
}
