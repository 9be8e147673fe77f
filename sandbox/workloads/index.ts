/** Plays what runs in the cluster: kubelets' checks, volumes, gateways, their counters and ingress controllers. */
import type { KubeConfig, V1Pod } from "@kubernetes/client-node";
import { ENDS_SLOWLY_ANNOTATION, STARTABLE_ANNOTATION, type ControlPlane } from "../control-plane";
import { ApiError } from "../rampart/kubernetes/api";
import type { EdgePlace } from "../cloudflare/edge/server";
import { REAL_TIME, type Clock } from "./clock";
import { Cluster, decoded, isReady, selects, type Snapshot } from "./cluster";
import { addressOf, ConnectorPods } from "./connector-pods";
import { Controllers } from "./controllers";
import { Gateways } from "./gateways/services";
import { missing, type Supplies } from "./kubelet";
import type { RealParts } from "../real/choice";
import { ClusterNetwork } from "../real/network";
import type { PartName } from "../real/parts";
import type { Ground } from "../real/run";
import { EtcdPods } from "./etcd/pods";
import type { Lost } from "../control-plane/node-port";
import { Nodes } from "./nodes";
import type { Resolve } from "../gateway/counters/redis-connections";
import { alpaAddress } from "./ray/alpa-addresses";
import { OPERATOR, Operators, type OperatorsOptions } from "./operators";
import { APISIX, PAUSE, runs } from "./pods/images";
import { RayPods, type RayPodsOptions } from "./ray/pods";
import { RealGateways } from "./gateways/real";
import { RedisPods } from "./redis-pods";
import { serviceNames } from "./service-names";
import { createDefaultClass, provision } from "./volumes";

/** A pass over the cluster that takes longer is logged, since no pod becomes ready meanwhile. */
const LATE_MILLISECONDS = 20_000;

export interface WorkloadsOptions {
    kubeConfig: KubeConfig;
    controlPlane: ControlPlane;
    log: (line: string) => void;
    /** Where processes are recorded. */
    stateDir?: string;
    /** Where connectors find Cloudflare's edge. Unset: pods of cloudflared do not start. */
    edge?: EdgePlace;
    /** @default real time */
    clock?: Clock;
    /** GPUs, what holds them in pods, and KubeRay's operator. @default pods that ask for GPUs start as others do */
    gpus?: RayPodsOptions & Pick<OperatorsOptions, "program" | "stateDir" | "env">;
    /** More programs to play: each runs while a pod of its image is ready. */
    programs?: Program[];
    /** Told each answer of a stand-in for APISIX. */
    onAnswer?: (answered: { caller: string | null; status: number }) => void;
    /** What is real, on what ground, and the etcd that real gateways need. @default stand-ins */
    real?: { parts: RealParts; ground: Ground; etcd: string };
}

/** A program that runs in this process instead of a container. */
export interface Program {
    image: RegExp;
    start(): Promise<{ close(): Promise<void> }>;
}

export interface Workloads {
    nodes: Nodes;
    /** Where the gateways reach a name or an address of the cluster's: see {@link Resolve}. */
    resolve: Resolve;
    /** Local port that serves a port of a gateway pod's container; undefined when nothing listens on it. */
    podPort(namespace: string, pod: string, port: number): number | undefined;
    /** What a gateway pod has written on its output, as `kubectl logs` would show it; undefined where none runs. */
    output(namespace: string, pod: string): string | undefined;
    /** What callers have lost at node ports, because a pod was killed or a node cut off. */
    lost(): Lost;
    /** Uids of the pods whose ingress controller leads. */
    leaders(): string[];
    /** Has the shared counters that run take requests and answer none, or answer again. */
    hangCounters(hanging: boolean): void;
    /**
     * Restarts the etcd of the gateways without its data, or deletes all keys while it runs. The first does not affect
     * callers until a gateway restarts, the second does at once; after both the ingress controller can change nothing
     * until a gateway restarts.
     */
    loseEtcd(how: "data" | "keys"): Promise<void>;
    close(): Promise<void>;
}

export async function startWorkloads(options: WorkloadsOptions): Promise<Workloads> {
    const { kubeConfig, controlPlane, log, onAnswer, clock = REAL_TIME } = options;
    let dirty = true;
    let wake = () => {};
    let closed = false;
    const changed = () => {
        dirty = true;
        wake();
    };
    const cluster = new Cluster(kubeConfig, changed, log);
    const { real } = options;
    const ofPart = (part: PartName) => {
        const found = real?.parts[part];
        return found && { found, ground: real.ground };
    };
    const redis = new RedisPods(log, (pod) => gateways.reachable(pod), options.stateDir);
    const apisix = ofPart("apisix");
    const controller = ofPart("ingress-controller");
    const etcd = apisix && new EtcdPods(real!.etcd, apisix.ground, (pod) => gateways.reachable(pod));
    const network =
        apisix || controller
            ? await ClusterNetwork.start({
                  ...serviceNames({
                      snapshot: () => cluster.snapshot(),
                      etcd,
                      gateways: { behindPort: (service, port) => gateways.behindPort(service, port) },
                      others: (host, port) => resolve(host, port),
                  }),
                  podPort: (address, port) => gateways.portAt(address, port),
                  log,
              })
            : undefined;
    const realGateways = apisix && new RealGateways(apisix.found, apisix.ground, network!, changed);
    const ended = (pod: V1Pod) => takeAway(cluster, pod);
    const { gpus } = options;
    const ray = gpus && new RayPods(gpus, { cluster, clock, ended, changed, log });
    const operators = gpus && new Operators({ ...gpus, cluster, controlPlane, log });
    gpus?.ledger.onChange(changed);
    const resolve: Resolve = (host, port) =>
        (ray && alpaAddress(cluster.snapshot(), ray, host, port)) ?? redis.resolve(host, port);
    const gateways: Gateways = new Gateways({ resolve, clock, ended, real: realGateways, onAnswer, log });
    const connectors = new ConnectorPods({
        edge: options.edge,
        resolve: gateways.resolveData,
        real: ofPart("cloudflared"),
        changed,
        log,
    });
    const resolveAdmin = async (admin: Parameters<Gateways["resolveAdmin"]>[0]) => gateways.resolveAdmin(admin);
    const { reachable } = gateways;
    const ofController = controller && { ...controller, proxyUrl: network!.proxyUrl };
    const controllers = new Controllers({
        cluster,
        controlPlane,
        clock,
        resolveAdmin,
        reachable,
        real: ofController,
        log,
    });
    const programs = (options.programs ?? []).map((program) => ({
        program,
        running: undefined as Running | undefined,
    }));
    await cluster.listed();
    await createDefaultClass(cluster);
    const running = (async () => {
        while (!closed) {
            if (!dirty) await new Promise<void>((resolve) => (wake = resolve));
            dirty = false;
            const began = performance.now();
            const late = setInterval(() => {
                const seconds = ((performance.now() - began) / 1000).toFixed(0);
                log(`workloads: nothing in the cluster moves, one look goes on since ${seconds} s`);
            }, LATE_MILLISECONDS);
            try {
                const now = cluster.snapshot();
                await provision(cluster, now);
                await connectors.reconcile(now);
                const images = gpus && [gpus.images, OPERATOR, PAUSE];
                const listens = (pod: V1Pod) =>
                    realGateways ? realGateways.gatewayOf(pod) !== undefined : gateways.admits(pod, now);
                const { connected } = connectors;
                const edge = options.edge && addressOf(options.edge);
                const supplies = suppliesOf(now, { edge, connected, images, listens });
                const others = now.pods.filter((pod) => !ray?.plays(pod));
                await admit(cluster, others, supplies, (pod) => realGateways?.begin(pod, now));
                await etcd?.reconcile(now);
                await ray?.reconcile(now, supplies);
                for (const part of [redis, gateways, controllers]) await part.reconcile(now);
                await operators?.reconcile(now);
                for (const one of programs) {
                    const wanted = now.pods.some((pod) => isReady(pod) && runsImage(pod, one.program.image));
                    if (wanted && !one.running) one.running = await one.program.start();
                    if (!wanted && one.running) await one.running.close().finally(() => (one.running = undefined));
                }
            } catch (error) {
                // An object that changed or went meanwhile: the next change brings another look.
                if (!closed) log(`workloads: ${(error as Error).message.split("\n")[0]}`);
                dirty = true;
                await new Promise((resolve) => setTimeout(resolve, 200));
            } finally {
                clearInterval(late);
            }
        }
    })();
    return {
        nodes: new Nodes({ rest: cluster.rest, clock, gateways, changed }),
        resolve,
        podPort: (namespace, pod, port) =>
            gateways.podPort(namespace, pod, port) ?? etcd?.podPort(namespace, pod, port),
        output: (namespace, pod) => gateways.output(namespace, pod),
        lost: () => gateways.lost(),
        leaders: () => controllers.leaders(),
        hangCounters: (hanging) => redis.hang(hanging),
        loseEtcd: async (how) => {
            if (!etcd) return gateways.loseEtcd(how);
            const lost = etcd.lose(how);
            changed();
            await lost;
        },
        close: async () => {
            closed = true;
            wake();
            await running;
            cluster.close();
            await operators?.close();
            for (const part of [controllers, connectors, gateways, realGateways, redis, etcd, network])
                await part?.close();
            await ray?.close();
            for (const { running: program } of programs) await program?.close();
        },
    };
}

type Running = { close(): Promise<void> };

function runsImage(pod: V1Pod, image: RegExp): boolean {
    return pod.spec?.containers.some((container) => image.test(container.image ?? "")) ?? false;
}

/** What there is for pods to use. */
function suppliesOf(now: Snapshot, more: Pick<Supplies, "edge" | "connected" | "images" | "listens">): Supplies {
    return {
        ...more,
        secrets: new Map(now.secrets.map((s) => [key(s), decoded(s)])),
        configMaps: new Map(now.configMaps.map((m) => [key(m), m.data ?? {}])),
        boundClaims: new Set(now.claims.filter((c) => c.status?.phase === "Bound").map(key)),
        reachable: (namespace, host, port) => answers(now, namespace, host, port),
    };
}

/**
 * Lets every pod start that has what it needs, and says on the others what they wait for.
 * @param begin starts the containers of a pod that is not ready before they are
 */
async function admit(cluster: Cluster, pods: V1Pod[], supplies: Supplies, begin: (pod: V1Pod) => void): Promise<void> {
    for (const pod of pods) {
        const { annotations, deletionTimestamp } = pod.metadata!;
        if (!pod.spec?.nodeName || deletionTimestamp || annotations?.[STARTABLE_ANNOTATION]) continue;
        const path = `/api/v1/namespaces/${pod.metadata!.namespace}/pods/${pod.metadata!.name}`;
        const lack = missing(pod, supplies);
        if (!lack) {
            const slowly = runs(pod, APISIX) ? { [ENDS_SLOWLY_ANNOTATION]: "true" } : {};
            const annotations = { [STARTABLE_ANNOTATION]: "true", ...slowly };
            await cluster.rest.call("PATCH", path, { metadata: { annotations } });
            continue;
        }
        if (lack.runs) begin(pod);
        const containerStatuses = waitingStatuses(pod, lack.container, lack.reason, lack.message);
        if (reasons(pod.status?.containerStatuses) !== reasons(containerStatuses))
            await cluster.rest.call("PATCH", `${path}/status`, { status: { containerStatuses } });
    }
}

/** Deletes the object of a pod whose containers have ended, as its kubelet does. */
async function takeAway(cluster: Cluster, { metadata }: V1Pod): Promise<void> {
    const { namespace, name, uid } = metadata!;
    const last = { gracePeriodSeconds: 0, preconditions: { uid } };
    try {
        await cluster.rest.call("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}`, last);
    } catch (error) {
        // The pod is already deleted; another pod may have its name now.
        if (!(error instanceof ApiError) || ![404, 409].includes(error.status)) throw error;
    }
}

function waitingStatuses(pod: V1Pod, container: string | undefined, reason: string, message: string) {
    return pod.spec!.containers.map(({ name, image }) => ({
        name,
        image,
        imageID: "",
        ready: false,
        restartCount: 0,
        started: false,
        state: {
            waiting:
                container === undefined || container === name ? { message, reason } : { reason: "PodInitializing" },
        },
    }));
}

/** What the containers wait for; the API server adds fields of its own. */
function reasons(statuses: { state?: { waiting?: { reason?: string; message?: string } } }[] | undefined): string {
    return JSON.stringify((statuses ?? []).map(({ state }) => [state?.waiting?.reason, state?.waiting?.message]));
}

/** Whether a ready pod is behind `<service>[.<namespace>[.svc…]]`, as cluster DNS and kube-proxy would find it. */
export function answers(now: Snapshot, from: string, host: string, port: number): boolean {
    const [name, namespace = from] = host.split(".");
    const service = now.services.find((s) => s.metadata!.name === name && s.metadata!.namespace === namespace);
    return (
        service !== undefined &&
        (service.spec?.ports ?? []).some((p) => p.port === port) &&
        now.pods.some((pod) => isReady(pod) && selects(service, pod))
    );
}

function key(object: { metadata?: { namespace?: string; name?: string } }): string {
    return `${object.metadata!.namespace}/${object.metadata!.name}`;
}
