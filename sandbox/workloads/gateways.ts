/**
 * Plays the containers of APISIX: a gateway for each pod from when it is ready until it is gone, with counters of its
 * own and the keys it was started with. What the real ones read from etcd, those of one release share here; it lasts as
 * long as a pod of them or of their etcd does: it survives a restart of the pods and not the loss of etcd.
 *
 * Imitated of a node: connections to a Service's node port go to its ready pods in turn (kube-proxy takes any), and a
 * pod that is on its way out has 30 s for the answers under way (the default grace period, which nginx uses so).
 */
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { Configuration } from "../gateway/configuration";
import type { Resolve } from "../gateway/redis-connections";
import { startGateway, type Gateway } from "../gateway/server";
import { decoded, isReady, selects, type Snapshot } from "./cluster";
import { openNodePort, type NodePort } from "./node-port";
import { tlsOf } from "./gateway-tls";
import { APISIX, byAge, ETCD, image, instance, isRunning, runs } from "./pods";

/** Keys of the chart where no Secret is named. */
const WELL_KNOWN = { admin: "edd1c9f034335f136f87ad84b625c8f1", viewer: "4054f7cf07e344346cd3f287985e76a2" };
const GRACE_SECONDS = 30;
/** Data port of APISIX in its container. */
const DATA_PORT = 9080;
/** The same for TLS. */
const TLS_PORT = 9443;

export class Gateways {
    /** By uid of the pod. */
    private readonly gateways = new Map<string, Gateway>();
    /** By release. */
    private readonly configurations = new Map<string, Configuration>();
    private readonly nodePorts = new Map<number, NodePort>();
    /** Connections there have been, by node port. */
    private readonly turns = new Map<number, number>();
    private readonly leaving = new Set<Gateway>();
    private last: Snapshot | undefined;
    private readonly said = new Set<string>();

    /** @param resolve names that the gateways' plugins connect to */
    constructor(
        private readonly resolve: Resolve,
        private readonly log: (line: string) => void,
    ) {}

    async reconcile(now: Snapshot): Promise<void> {
        this.last = now;
        await this.followPods(now);
        await this.followNodePorts(now);
    }

    async close(): Promise<void> {
        await Promise.all([...this.nodePorts.values()].map((port) => port.close()));
        await Promise.all([...this.gateways.values(), ...this.leaving].map((gateway) => gateway.close()));
    }

    /** URL of the Admin API behind a Service. While a Deployment is rolled, the youngest pod's keys will stay. */
    readonly resolveAdmin = (service: { namespace: string; name: string; port?: number }): string | undefined => {
        const found = this.service(service.namespace, service.name);
        const port = found?.spec?.ports?.find((p) => service.port === undefined || p.port === service.port);
        const gateway = this.behind(found).at(-1);
        return gateway && port?.targetPort === 9180 ? `http://127.0.0.1:${gateway.adminPort}` : undefined;
    };

    /**
     * Plays the cluster's DNS and kube-proxy for the data port behind `<service>.<namespace>.svc.cluster.local`.
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

    private async followPods(now: Snapshot): Promise<void> {
        const pods = now.pods.filter((pod) => runs(pod, APISIX)).sort(byAge);
        for (const pod of pods) {
            const { uid, namespace, name } = pod.metadata!;
            const keys = isReady(pod) && !this.gateways.has(uid!) ? adminKeys(pod, now) : undefined;
            if (!keys) continue;
            const configuration = this.configurations.get(instance(pod)) ?? new Configuration();
            this.configurations.set(instance(pod), configuration);
            const more = { ...tlsOf(pod, now), configuration, resolve: this.resolve, log: this.log };
            const options = { port: 0, adminPort: 0, ...keys, ...more };
            this.gateways.set(uid!, await startGateway(options));
            this.log(`${namespace}/${name}: APISIX plays ${image(pod, APISIX)} as 3.18.0`);
        }
        for (const [uid, gateway] of this.gateways) {
            if (pods.some((pod) => pod.metadata!.uid === uid && isRunning(pod))) continue;
            this.gateways.delete(uid);
            this.leaving.add(gateway);
            void gateway.close(GRACE_SECONDS).finally(() => this.leaving.delete(gateway));
        }
        const held = new Set(now.pods.filter((pod) => runs(pod, APISIX) || runs(pod, ETCD)).map(instance));
        for (const key of this.configurations.keys()) if (!held.has(key)) this.configurations.delete(key);
    }

    private async followNodePorts(now: Snapshot): Promise<void> {
        const wanted = new Map<number, { service: V1Service; tls: boolean }>();
        for (const service of now.services)
            for (const { nodePort, targetPort } of service.spec?.ports ?? [])
                if (nodePort && now.pods.some((pod) => runs(pod, APISIX) && selects(service, pod)))
                    wanted.set(nodePort, { service, tls: targetPort === TLS_PORT });
        for (const [port, open] of this.nodePorts)
            if (!wanted.has(port)) {
                this.nodePorts.delete(port);
                await open.close();
            }
        for (const [port, { service, tls }] of wanted) {
            if (this.nodePorts.has(port)) continue;
            const { namespace, name } = service.metadata!;
            try {
                this.nodePorts.set(port, await openNodePort(port, () => this.nextPort(port, namespace!, name!, tls)));
            } catch (error) {
                this.sayOnce(`Service ${namespace}/${name}: ${(error as Error).message}`);
            }
        }
    }

    /** Port of the gateway whose turn it is at a node port. */
    private nextPort(nodePort: number, namespace: string, name: string, tls: boolean): number | undefined {
        const gateways = this.behind(this.service(namespace, name));
        const turn = this.turns.get(nodePort) ?? 0;
        this.turns.set(nodePort, turn + 1);
        const gateway = gateways[turn % gateways.length];
        return tls ? gateway?.tlsPort : gateway?.port;
    }

    private service(namespace: string, name: string): V1Service | undefined {
        return this.last?.services.find((s) => s.metadata!.name === name && s.metadata!.namespace === namespace);
    }

    /** The gateways of a Service's ready pods, the youngest pod last. */
    private behind(service: V1Service | undefined): Gateway[] {
        if (!service) return [];
        const pods = this.last?.pods.filter((p) => isReady(p) && selects(service, p)).sort(byAge) ?? [];
        return pods.flatMap((pod) => this.gateways.get(pod.metadata!.uid!) ?? []);
    }

    private sayOnce(line: string): void {
        if (!this.said.has(line)) this.log(line);
        this.said.add(line);
    }
}

/** The keys in a pod's environment, as its container would see them if it started now. */
function adminKeys(pod: V1Pod, now: Snapshot): { adminKey: string; viewerKey: string } | undefined {
    const container = pod.spec!.containers.find((c) => APISIX.test(c.image!))!;
    const value = (name: string): string | undefined => {
        const ref = container.env?.find((e) => e.name === name)?.valueFrom?.secretKeyRef;
        const secret = now.secrets.find(
            (s) => s.metadata!.name === ref?.name && s.metadata!.namespace === pod.metadata!.namespace,
        );
        return ref && secret && decoded(secret)[ref.key];
    };
    if (!container.env?.some((e) => e.name === "APISIX_ADMIN_KEY"))
        return { adminKey: WELL_KNOWN.admin, viewerKey: WELL_KNOWN.viewer };
    const [adminKey, viewerKey] = [value("APISIX_ADMIN_KEY"), value("APISIX_VIEWER_KEY")];
    return adminKey !== undefined && viewerKey !== undefined ? { adminKey, viewerKey } : undefined;
}
