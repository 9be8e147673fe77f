/** Plays the containers of APISIX's ingress controller. */
import { KubeConfig, type V1Pod } from "@kubernetes/client-node";
import type { ControlPlane } from "../control-plane";
import { startIngressController, type IngressController } from "../ingress-controller/controller";
import type { ResolveAdmin } from "../ingress-controller/pusher";
import { isReady, type Cluster, type Snapshot } from "./cluster";
import { CONTROLLER, instance, runs } from "./pods";

export class Controllers {
    private readonly controllers = new Map<string, IngressController>();

    constructor(
        private readonly cluster: Cluster,
        private readonly controlPlane: ControlPlane,
        private readonly resolveAdmin: ResolveAdmin,
        private readonly log: (line: string) => void,
    ) {}

    async reconcile(now: Snapshot): Promise<void> {
        const ready = now.pods.filter((pod) => runs(pod, CONTROLLER) && isReady(pod));
        for (const pod of ready) {
            if (this.controllers.has(instance(pod))) continue;
            const controllerName = configuredName(pod, now);
            const controller = await startIngressController({
                kubeConfig: await this.serviceAccount(pod),
                controllerName,
                resolveAdmin: this.resolveAdmin,
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

    async close(): Promise<void> {
        await Promise.all([...this.controllers.values()].map((controller) => controller.close()));
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
}

/** `controller_name` of the configuration file mounted into an ingress controller. */
function configuredName(pod: V1Pod, now: Snapshot): string | undefined {
    const names = (pod.spec?.volumes ?? []).map((volume) => volume.configMap?.name);
    const file = now.configMaps.find(
        (m) => m.metadata!.namespace === pod.metadata!.namespace && names.includes(m.metadata!.name),
    )?.data?.["config.yaml"];
    return /^controller_name: *"?([^"\s]+)/m.exec(file ?? "")?.[1];
}
