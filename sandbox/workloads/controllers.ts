/**
 * Runs one ingress controller of APISIX in each ready pod: the emulator or the real program. Only the elected leader
 * translates resources and pushes them to the Admin API. If the pod is deleted or its node is cut off, the controller stops
 * at once. Another controller can lead when the Lease of the stopped controller has expired.
 */
import { KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { parse } from "yaml";
import type { ControlPlane } from "../control-plane";
import { startIngressController } from "../ingress-controller/controller";
import { LeaderElection } from "../ingress-controller/leader-election";
import type { ResolveAdmin } from "../ingress-controller/admin";
import { startRealIngressController } from "../real/ingress-controller";
import type { Found } from "../real/parts";
import { folderOf, type Ground } from "../real/run";
import type { Clock } from "./clock";
import { isReady, type Cluster, type Snapshot } from "./cluster";
import { variablesOf } from "./pods/environment";
import { CONTROLLER, runs } from "./pods/images";
import { serviceAccountOf } from "./pods/service-account";

/**
 * Shortest real time for one emulated second of a controller, in seconds. It limits the load on the API server, which each
 * candidate for leadership calls every two emulated seconds.
 */
const SHORTEST_SECOND = 0.1;

interface ControllersOptions {
    cluster: Cluster;
    controlPlane: Pick<ControlPlane, "tokenKubeconfig">;
    clock: Clock;
    resolveAdmin: ResolveAdmin;
    /** Whether the node of a pod is reachable. */
    reachable: (pod: V1Pod) => boolean;
    /**
     * The real ingress controller to run in each pod, and the URL of the proxy through which it reaches pods. @default the
     * emulator runs instead
     */
    real?: { found: Found; ground: Ground; proxyUrl: string };
    log: (line: string) => void;
}

export class Controllers {
    /** Running controllers, by uid of their pod. */
    private readonly running = new Map<string, { close(): Promise<void>; leads?: boolean }>();

    constructor(private readonly options: ControllersOptions) {}

    async reconcile(now: Snapshot): Promise<void> {
        const ready = now.pods.filter((pod) => runs(pod, CONTROLLER) && isReady(pod) && this.options.reachable(pod));
        for (const [uid, running] of this.running)
            if (!ready.some((pod) => pod.metadata!.uid === uid)) {
                this.running.delete(uid);
                await running.close();
            }
        for (const pod of ready) {
            const uid = pod.metadata!.uid!;
            if (!this.running.has(uid)) this.running.set(uid, await this.start(pod, now));
        }
    }

    /** Uids of the pods whose controller is the elected leader. */
    leaders(): string[] {
        return [...this.running].filter(([, { leads }]) => leads).map(([uid]) => uid);
    }

    async close(): Promise<void> {
        await Promise.all([...this.running.values()].map((one) => one.close()));
    }

    private async start(pod: V1Pod, now: Snapshot): Promise<{ close(): Promise<void>; leads?: boolean }> {
        const { clock, resolveAdmin, real } = this.options;
        if (real) return this.startReal(pod, now, real);
        const { namespace, name } = pod.metadata!;
        const { controllerName, leaderElectionId, disabled } = configured(pod, now);
        const log = (line: string) => this.options.log(`ingress controller ${controllerName}: ${line}`);
        const kubeConfig = await this.serviceAccount(pod);
        const secondLasts = Math.max(clock.secondLasts, SHORTEST_SECOND);
        const lead = () => startIngressController({ kubeConfig, controllerName, resolveAdmin, secondLasts, log });
        if (disabled) return lead();
        return new LeaderElection({
            kubeConfig,
            namespace: namespace!,
            id: leaderElectionId,
            pod: name!,
            secondLasts,
            lead,
            log,
        });
    }

    private async startReal(pod: V1Pod, now: Snapshot, real: NonNullable<ControllersOptions["real"]>) {
        const { cluster, controlPlane, log } = this.options;
        const { found, ground, proxyUrl } = real;
        const { uid, namespace, name } = pod.metadata!;
        const started = await startRealIngressController(ground, {
            ...{ found, pod, proxyUrl },
            settings: settingsOf(pod, now) ?? "",
            kubeconfig: await serviceAccountOf(pod, cluster, controlPlane),
            folder: folderOf(ground, uid!),
            variablesOf: (container) => variablesOf(pod, container, now),
        });
        log(`${namespace}/${name}: ingress controller ${found.version} runs`);
        return started;
    }

    private async serviceAccount(pod: V1Pod): Promise<KubeConfig> {
        const { cluster, controlPlane } = this.options;
        const config = new KubeConfig();
        config.loadFromString(await serviceAccountOf(pod, cluster, controlPlane));
        return config;
    }
}

interface Configured {
    controllerName: string | undefined;
    leaderElectionId: string;
    disabled: boolean;
}

function settingsOf(pod: V1Pod, now: Snapshot): string | undefined {
    const names = (pod.spec?.volumes ?? []).map((volume) => volume.configMap?.name);
    return now.configMaps.find(
        (m) => m.metadata!.namespace === pod.metadata!.namespace && names.includes(m.metadata!.name),
    )?.data?.["config.yaml"];
}

/**
 * The settings of an ingress controller from its mounted configuration file. A setting that the file lacks has the program's
 * default.
 */
function configured(pod: V1Pod, now: Snapshot): Configured {
    const values = (parse(settingsOf(pod, now) ?? "") ?? {}) as {
        controller_name?: string;
        leader_election_id?: string;
        leader_election?: { disable?: boolean };
    };
    return {
        controllerName: values.controller_name,
        leaderElectionId: values.leader_election_id ?? "apisix-ingress-controller-leader",
        disabled: values.leader_election?.disable ?? false,
    };
}
