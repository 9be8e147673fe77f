/**
 * Plays the containers of APISIX and of its ingress controller. A gateway lives as long as a pod of it or of its etcd
 * does, which holds the real one's configuration: it survives a restart of the pods and not the loss of etcd. All
 * replicas of a Deployment are one gateway here, so limits that each real pod counts for itself are counted once.
 */
import { KubeConfig, type V1Pod, type V1Service } from "@kubernetes/client-node";
import type { ControlPlane } from "../control-plane";
import { startGateway, type Gateway } from "../gateway/server";
import { startIngressController, type IngressController } from "../ingress-controller/controller";
import { decoded, isReady, selects, type Cluster, type Snapshot } from "./cluster";
import { openNodePort, type NodePort } from "./node-port";

const APISIX = /(^|\/)apisix:/;
const ETCD = /(^|\/)etcd:/;
const CONTROLLER = /(^|\/)apisix-ingress-controller:/;
/** Keys of the chart where no Secret is named. */
const WELL_KNOWN = { admin: "edd1c9f034335f136f87ad84b625c8f1", viewer: "4054f7cf07e344346cd3f287985e76a2" };

interface Running {
    gateway: Gateway;
    keys: string;
}

export class Gateways {
    private readonly gateways = new Map<string, Running>();
    private readonly controllers = new Map<string, IngressController>();
    private readonly nodePorts = new Map<number, NodePort>();
    /** Keys by uid of the pod: a container keeps the environment it was started with, whatever becomes of the Secret. */
    private readonly environments = new Map<string, AdminKeys>();
    private last: Snapshot | undefined;
    private readonly said = new Set<string>();

    constructor(
        private readonly cluster: Cluster,
        private readonly controlPlane: ControlPlane,
        private readonly log: (line: string) => void,
    ) {}

    async reconcile(now: Snapshot): Promise<void> {
        this.last = now;
        await this.followGateways(now);
        await this.followNodePorts(now);
        await this.followControllers(now);
    }

    async close(): Promise<void> {
        const parts = [...this.controllers.values(), ...this.nodePorts.values()];
        await Promise.all(parts.map((part) => part.close()));
        await Promise.all([...this.gateways.values()].map(({ gateway }) => gateway.close()));
    }

    /** URL of the Admin API behind a Service. */
    resolveAdmin(service: { namespace: string; name: string; port?: number }): string | undefined {
        const found = this.service(service.namespace, service.name);
        const port = found?.spec?.ports?.find((p) => service.port === undefined || p.port === service.port);
        const running = this.behind(found);
        return running && port?.targetPort === 9180 ? `http://127.0.0.1:${running.gateway.adminPort}` : undefined;
    }

    private async followGateways(now: Snapshot): Promise<void> {
        const pods = now.pods.filter((pod) => runs(pod, APISIX));
        for (const uid of this.environments.keys())
            if (!pods.some((pod) => pod.metadata!.uid === uid)) this.environments.delete(uid);
        // Of each the youngest: while a Deployment is rolled, its keys are the ones that will stay.
        const ready = pods.filter(isReady).sort((a, b) => created(a) - created(b));
        for (const pod of new Map(ready.map((pod) => [instance(pod), pod])).values()) {
            const uid = pod.metadata!.uid!;
            const keys = this.environments.get(uid) ?? adminKeys(pod, now);
            if (keys) this.environments.set(uid, keys);
            const running = this.gateways.get(instance(pod));
            if (!keys || running?.keys === JSON.stringify(keys)) continue;
            await running?.gateway.close();
            const gateway = await startGateway({ port: 0, adminPort: 0, ...keys, log: this.log });
            this.gateways.set(instance(pod), { gateway, keys: JSON.stringify(keys) });
            this.log(`${instance(pod)}: APISIX plays ${image(pod, APISIX)} as 3.18.0`);
        }
        const held = new Set(now.pods.filter((pod) => runs(pod, APISIX) || runs(pod, ETCD)).map(instance));
        for (const [key, { gateway }] of this.gateways)
            if (!held.has(key)) {
                this.gateways.delete(key);
                await gateway.close();
                this.log(`${key}: APISIX is gone`);
            }
    }

    private async followNodePorts(now: Snapshot): Promise<void> {
        const wanted = new Map<number, V1Service>();
        for (const service of now.services)
            for (const { nodePort } of service.spec?.ports ?? [])
                if (nodePort && now.pods.some((pod) => runs(pod, APISIX) && selects(service, pod)))
                    wanted.set(nodePort, service);
        for (const [port, open] of this.nodePorts)
            if (!wanted.has(port)) {
                this.nodePorts.delete(port);
                await open.close();
            }
        for (const [port, service] of wanted) {
            if (this.nodePorts.has(port)) continue;
            const { namespace, name } = service.metadata!;
            try {
                this.nodePorts.set(port, await openNodePort(port, () => this.dataPort(namespace!, name!)));
            } catch (error) {
                this.sayOnce(`Service ${namespace}/${name}: ${(error as Error).message}`);
            }
        }
    }

    /** Port of the gateway behind a Service at this moment. */
    private dataPort(namespace: string, name: string): number | undefined {
        return this.behind(this.service(namespace, name))?.gateway.port;
    }

    private async followControllers(now: Snapshot): Promise<void> {
        const ready = now.pods.filter((pod) => runs(pod, CONTROLLER) && isReady(pod));
        for (const pod of ready) {
            if (this.controllers.has(instance(pod))) continue;
            const controllerName = configuredName(pod, now);
            const controller = await startIngressController({
                kubeConfig: await this.serviceAccount(pod),
                controllerName,
                resolveAdmin: async (service) => this.resolveAdmin(service),
                log: (line) => this.log(`ingress controller ${controllerName}: ${line}`),
            });
            this.controllers.set(instance(pod), controller);
        }
        const held = new Set(ready.map(instance));
        for (const [key, controller] of this.controllers)
            if (!held.has(key)) {
                this.controllers.delete(key);
                await controller.close();
            }
    }

    /** Access of a pod's own ServiceAccount, so that the chart's roles are put to the test. */
    private async serviceAccount(pod: V1Pod): Promise<KubeConfig> {
        const { namespace } = pod.metadata!;
        const name = pod.spec!.serviceAccountName!;
        const request = {
            apiVersion: "authentication.k8s.io/v1",
            kind: "TokenRequest",
            spec: { expirationSeconds: 86_400 },
        };
        const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
        const { status } = await this.cluster.rest.call<{ status: { token: string } }>("POST", path, request);
        const config = new KubeConfig();
        config.loadFromString(this.controlPlane.tokenKubeconfig(status.token));
        return config;
    }

    private service(namespace: string, name: string): V1Service | undefined {
        return this.last?.services.find((s) => s.metadata!.name === name && s.metadata!.namespace === namespace);
    }

    /** The gateway that plays the first ready pod of a Service. */
    private behind(service: V1Service | undefined): Running | undefined {
        const pod = service && this.last?.pods.find((p) => isReady(p) && selects(service, p));
        return pod && this.gateways.get(instance(pod));
    }

    private sayOnce(line: string): void {
        if (!this.said.has(line)) this.log(line);
        this.said.add(line);
    }
}

/** Namespace and release: what belongs together. */
function instance(pod: V1Pod): string {
    return `${pod.metadata!.namespace}/${pod.metadata!.labels?.["app.kubernetes.io/instance"]}`;
}

function image(pod: V1Pod, pattern: RegExp): string | undefined {
    return pod.spec?.containers.map((c) => c.image!).find((i) => pattern.test(i));
}

function runs(pod: V1Pod, pattern: RegExp): boolean {
    return image(pod, pattern) !== undefined && pod.metadata?.ownerReferences?.[0]?.kind !== "Job";
}

function created(pod: V1Pod): number {
    return new Date(pod.metadata!.creationTimestamp ?? 0).getTime();
}

interface AdminKeys {
    adminKey: string;
    viewerKey: string;
}

/** The keys in a pod's environment, as its container would see them if it started now. */
function adminKeys(pod: V1Pod, now: Snapshot): AdminKeys | undefined {
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

/** `controller_name` of the configuration file mounted into an ingress controller. */
function configuredName(pod: V1Pod, now: Snapshot): string | undefined {
    const names = (pod.spec?.volumes ?? []).map((volume) => volume.configMap?.name);
    const file = now.configMaps.find(
        (m) => m.metadata!.namespace === pod.metadata!.namespace && names.includes(m.metadata!.name),
    )?.data?.["config.yaml"];
    return /^controller_name: *"?([^"\s]+)/m.exec(file ?? "")?.[1];
}
