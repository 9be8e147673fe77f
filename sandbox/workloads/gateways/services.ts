/**
 * Emulates the network in front of the gateways: Services and their node ports.
 *
 * Emulated behavior of kube-proxy 1.34: every node accepts connections to a node port. With externalTrafficPolicy Cluster it
 * forwards them to pods on all nodes; with Local, only to its own pods. Connections go to the ready pods in turn (kube-proxy
 * picks randomly). If no pod is ready, they go to pods in preStop. A deleted pod gets new connections for 1 s, until the nodes
 * know of its deletion. 127.0.0.1 is the load balancer of the nodes, which always knows the reachable ones.
 *
 * Known differences: if a node is cut off, callers of 127.0.0.1 lose only the answers of its own pods, although a real node
 * also forwards answers of pods on other nodes. Clients in the cluster (ingress controllers, connectors) lose no answers.
 */
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import type { Resolve } from "../../gateway/counters/shared-counters";
import type { Gateway } from "../../gateway/server";
import { milliseconds, REAL_TIME, type Clock } from "../clock";
import { isReady, selects, type Snapshot } from "../cluster";
import { EtcdMembers } from "../etcd/members";
import { etcdPassword } from "../gateway-settings/secrets";
import { GatewayPods, type GatewayPod } from "./pods";
import { METRICS_PORT } from "../gateway-settings/observed";
import type { Destination, Lost } from "../../control-plane/node-port";
import { NodePorts, type Place } from "./node-ports";
import type { RealGateways } from "./real";

/** Data port of APISIX in its container. */
const DATA_PORT = 9080;
/** Port of the Admin API in the container. */
const ADMIN_PORT = 9180;
/** TLS port in the container. */
const TLS_PORT = 9443;
/** Seconds for which nodes use outdated endpoints: the default of kube-proxy's option --iptables-min-sync-period. */
const ENDPOINTS_SECONDS = 1;

interface GatewaysOptions {
    /** Resolves names and addresses for connections of the gateways. */
    resolve: Resolve;
    /** Clock for terminating pods and for outdated endpoints. @default real time */
    clock?: Clock;
    /** Deletes a pod's object after its containers have ended. @default it stays */
    ended?: (pod: V1Pod) => Promise<void>;
    /** Real gateways. @default emulators */
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

    /** Whether etcd accepts the password of a gateway's pod. If etcd rejects it, APISIX exits at its start. */
    admits(pod: V1Pod, now: Snapshot): boolean {
        this.etcd.reconcile(now, this.reachable);
        return this.etcd.configurationOf(pod, now).current().password === etcdPassword(pod, now);
    }

    /** Ends a pod's gateway at once, but does not delete its object. */
    kill(uid: string): Promise<void> {
        return this.pods.kill(uid);
    }

    loseEtcd(): void {
        this.etcd.lose();
    }

    /** Drops all packets of a node and its pods. */
    cutOff(node: string): void {
        this.isCutOff.add(node);
        const its = this.pods.list().filter(({ pod }) => pod.spec?.nodeName === node);
        this.nodePorts.silence(
            node,
            its.map(({ pod }) => pod.metadata!.uid!),
        );
    }

    /** Whether a node has pods that get new connections, by the readiness in the last snapshot. */
    leadTo(node: string): boolean {
        return this.pods.list().some(({ pod }) => pod.spec?.nodeName === node && this.isListedReady(pod));
    }

    bringBack(node: string): void {
        this.isCutOff.delete(node);
        this.nodePorts.resume();
    }

    /** Requests that callers lost at node ports since the start of the world. */
    lost(): Lost {
        return this.nodePorts.lost();
    }

    readonly reachable = (pod: V1Pod): boolean => !this.isCutOff.has(pod.spec?.nodeName ?? "");

    /**
     * URL of the Admin API of a pod behind a Service. During a rollout this is the youngest pod, because older pods are
     * about to end.
     */
    readonly resolveAdmin = (service: { namespace: string; name: string; port?: number }): string | undefined => {
        const found = this.service(service.namespace, service.name);
        const port = found?.spec?.ports?.find((p) => service.port === undefined || p.port === service.port);
        const gateway = this.behind(found).at(-1);
        return gateway && port?.targetPort === ADMIN_PORT ? `http://127.0.0.1:${gateway.adminPort}` : undefined;
    };

    /**
     * Local port for a data, TLS, Admin or metrics port of a gateway pod, or for the client port of an etcd emulator. Undefined
     * if no such port listens, or the pod's node is cut off.
     */
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

    /** Output of the gateway in a pod, also if the gateway has ended recently; undefined if there is none. */
    output(namespace: string, name: string): string | undefined {
        const found = this.pods
            .list()
            .find(({ pod }) => pod.metadata!.namespace === namespace && pod.metadata!.name === name);
        return found?.output?.();
    }

    /** Chooses the pod for a new connection to a node port. The pods are chosen in turn. */
    private destination({ node, service: { metadata }, targetPort }: Place, turn: number): Destination {
        if (node !== undefined && this.isCutOff.has(node)) return "silence";
        const service = this.service(metadata!.namespace!, metadata!.name!);
        const local = service?.spec?.externalTrafficPolicy === "Local" && node !== undefined;
        const endpoints = this.endpoints(service).filter(({ pod }) => !local || pod.spec?.nodeName === node);
        if (endpoints.length === 0) return "none";
        const { pod, gateway, state } = endpoints[turn % endpoints.length];
        if (!this.reachable(pod)) return "silence";
        const port = targetPort === TLS_PORT ? gateway.tlsPort : gateway.port;
        // A gateway without TLS has no TLS port.
        if (state === "quits" || state === "gone" || port === undefined) return "gone";
        return { pod: pod.metadata!.uid!, port };
    }

    /** Endpoints of a Service as the nodes know them. They can be out of date for ENDPOINTS_SECONDS. */
    private endpoints(service: V1Service | undefined): GatewayPod[] {
        if (!service) return [];
        const behind = this.pods.list().filter(({ pod }) => selects(service, pod));
        const since = Date.now() - milliseconds(this.clock, ENDPOINTS_SECONDS);
        const known = behind.filter(({ pod, state, leftAt }) =>
            leftAt === undefined ? state === "runs" && this.isListedReady(pod) : leftAt > since,
        );
        return known.length > 0 ? known : behind.filter(({ state }) => state === "leaves");
    }

    /** Whether the last snapshot of the cluster has this pod, and the pod is ready in it. */
    private isListedReady({ metadata }: V1Pod): boolean {
        const pod = this.last?.pods.find((p) => p.metadata!.uid === metadata!.uid);
        return pod !== undefined && isReady(pod);
    }

    private service(namespace: string, name: string): V1Service | undefined {
        return this.last?.services.find((s) => s.metadata!.name === name && s.metadata!.namespace === namespace);
    }

    /** Gateways to which a Service can send requests: their pods are selected, ready and reachable. The youngest is last. */
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
