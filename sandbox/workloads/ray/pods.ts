/**
 * Emulates pods of an image that serves Alpa. There are two kinds: pods of a RayCluster, whose containers hold GPUs and run
 * Ray and Alpa, and pods that only pull the image to a node. Facts: kubelet 1.34, KubeRay 1.6.
 *
 * Emulated: a container starts when its image, volumes and variables exist; a worker's container also waits for Ray's head.
 * A container fails while a process of the host uses its GPUs, and restarts after 10 s, 20 s … 5 min. A container is ready
 * when its probes would succeed. Alpa is launched when every pod of its RayCluster runs, and then loads its model for
 * `loadSeconds`. The watchdog of Alpa in the head's container is real (watchdog.ts). When the watchdog ends, the container
 * ends.
 * A deleted pod without a preStop hook ends at once. With a preStop hook, a head ends when Alpa has no connections, and a
 * worker ends after its head. Each pod ends at the latest after its grace period. When a pod ends, its GPUs are free again.
 * If a worker ends before the head, requests in progress are aborted.
 * Unsupported: the commands of a preStop hook and the network checks of a pod are not executed.
 * Known differences: the head's container ends 5 s after the loss of a worker; a real container ends when its command does.
 * During these 5 s Alpa answers as before; a real Alpa stops answering.
 */
import type { V1Pod } from "@kubernetes/client-node";
import { ENDS_SLOWLY_ANNOTATION, STARTABLE_ANNOTATION } from "../../control-plane";
import type { AlpaOptions } from "../../alpa/server";
import type { GpuFaults } from "../../gpus/faults";
import { OUT_OF_MEMORY, type GpuLedger } from "../../gpus/ledger";
import { launch, MESH_LOST, NOT_LOADED, type Launched } from "../../gpus/loading";
import { elapse, milliseconds, type Clock } from "../clock";
import type { Cluster, Snapshot } from "../cluster";
import { missing, type Supplies } from "../kubelet";
import { RayClusters, sameCluster } from "./clusters";
import { gpusOf, hostPathProblem, isHead, launchOf, notReady, weightsProblem } from "./container";
import { backOff, end, isNeeded, type EmulatedPod } from "./emulated-pod";
import { essence, statusOf, type PodState } from "./status";
import { startWatchdog, type WatchdogOptions } from "./watchdog";

/** Time from the loss of a worker until the head's container ends, in seconds. */
const LOSS_SECONDS = 5;
/** Kubernetes' default of terminationGracePeriodSeconds. */
const GRACE_SECONDS = 30;

export interface RayPodsOptions extends WatchdogOptions {
    ledger: GpuLedger;
    faults: GpuFaults;
    /** Images that serve Alpa. */
    images: RegExp;
    /** Folders with weights on every node. */
    weights: string[];
    /** Time to load the model, in seconds. */
    loadSeconds: number;
    /** Alpa's options. `port` is used only by a pod in the host network; other pods get any free port. */
    alpa: Pick<AlpaOptions, "port" | "seconds" | "onRequest">;
}

interface Surroundings {
    cluster: Pick<Cluster, "rest">;
    clock: Clock;
    /** Deletes a pod's object after its containers have ended. */
    ended: (pod: V1Pod) => Promise<void>;
    /** Called after changes that cause no watch event. */
    changed: () => void;
    log: (line: string) => void;
}

export class RayPods {
    /** Emulated pods, by uid. */
    private readonly pods = new Map<string, EmulatedPod>();
    private readonly clusters: RayClusters;
    private readonly stop = new AbortController();

    constructor(
        private readonly options: RayPodsOptions,
        private readonly around: Surroundings,
    ) {
        this.clusters = new RayClusters(around.cluster);
    }

    /** Whether this emulator runs a pod. */
    readonly emulates = (pod: V1Pod): boolean =>
        pod.spec?.containers.some(({ image }) => this.options.images.test(image ?? "")) ?? false;

    async reconcile(now: Snapshot, supplies: Supplies): Promise<void> {
        if (this.stop.signal.aborted) return;
        this.clusters.forget();
        const pods = now.pods.filter((pod) => this.emulates(pod) && pod.spec!.nodeName);
        for (const [uid, one] of this.pods)
            if (!pods.some(({ metadata }) => metadata!.uid === uid)) {
                this.pods.delete(uid);
                await end(one);
            }
        for (const pod of pods) {
            const uid = pod.metadata!.uid!;
            const one = this.pods.get(uid) ?? { pod, failures: 0, restarts: 0 };
            this.pods.set(uid, Object.assign(one, { pod }));
            if (pod.metadata!.deletionTimestamp) one.ending ??= this.endInOrder(one);
        }
        // Heads start first, because workers wait for them.
        const alive = [...this.pods.values()].filter(({ ending }) => !ending);
        alive.sort((a, b) => Number(isHead(b.pod)) - Number(isHead(a.pod)));
        for (const one of alive) if (!one.run) this.start(one, supplies);
        for (const one of alive) if (isHead(one.pod) && one.run) await this.followAlpa(one);
        for (const one of alive) await this.show(one, supplies);
    }

    /** Port on 127.0.0.1 of Alpa in a pod; undefined if its port is closed. */
    readonly alpaOf = (pod: V1Pod): number | undefined => this.pods.get(pod.metadata!.uid!)?.launched?.port;

    async close(): Promise<void> {
        this.stop.abort();
        await Promise.all([...this.pods.values()].map((one) => one.ending ?? end(one)));
    }

    private start(one: EmulatedPod, supplies: Supplies): void {
        const { ledger, faults, weights } = this.options;
        const { pod } = one;
        const node = pod.spec!.nodeName!;
        if (one.failure && Date.now() < one.failure.until) return;
        if (this.lack(pod, supplies)) return;
        if (faults.take("pull", "pod", node)) return this.failPull(one);
        const gpus = pod.spec!.containers.reduce((sum, container) => sum + gpusOf(container), 0);
        const { namespace, name } = pod.metadata!;
        const hold = gpus === 0 ? undefined : ledger.take(node, { side: "pod", name: `${namespace}/${name}`, gpus });
        if (gpus > 0 && !hold) return this.crash(one, OUT_OF_MEMORY);
        one.run = { hold, startedAt: new Date().toISOString() };
        one.failure = undefined;
        const launched = launchOf(pod);
        const problem = launched && weightsProblem(pod, launched.path, weights);
        if (problem) return this.crash(one, problem);
        if (hold) this.around.log(`${namespace}/${name}: holds the GPUs of ${node}`);
    }

    /** Why the kubelet cannot start the containers; undefined if it can. */
    private lack(pod: V1Pod, supplies: Supplies): Extract<PodState, { is: "waiting" }> | undefined {
        const volume = hostPathProblem(pod, this.options.weights);
        if (volume) return { is: "waiting", reason: "ContainerCreating", message: volume };
        const found = missing(pod, supplies);
        if (found) return { is: "waiting", ...found };
        const waits = pod.spec!.initContainers?.some(({ name }) => name === "wait-gcs-ready");
        if (!waits || this.headOf(pod)?.run) return undefined;
        return { is: "waiting", reason: "PodInitializing", message: "wait-gcs-ready: the head does not answer" };
    }

    private failPull(one: EmulatedPod): void {
        const { image } = one.pod.spec!.containers[0];
        const message = `failed to pull and unpack image "${image}": not found`;
        this.fail(one, { is: "waiting", reason: "ErrImagePull", message });
    }

    /** Ends the containers with an error. */
    private crash(one: EmulatedPod, message: string): void {
        const { namespace, name } = one.pod.metadata!;
        this.around.log(`${namespace}/${name}: ${message}`);
        const at = new Date().toISOString();
        this.fail(one, { is: "crashed", message, backOffSeconds: backOff(one), at });
        one.restarts++;
        one.run?.hold?.release();
        one.run = undefined;
    }

    private fail(one: EmulatedPod, state: PodState): void {
        const pause = milliseconds(this.around.clock, backOff(one));
        one.failure = { ...state, until: Date.now() + pause };
        one.failures++;
        this.lookAgain(pause);
    }

    private lookAgain(afterMilliseconds: number): void {
        setTimeout(() => this.stop.signal.aborted || this.around.changed(), afterMilliseconds + 1).unref();
    }

    /** Launches Alpa in the pod of a head if all pods of its RayCluster run, and ends it otherwise. */
    private async followAlpa(head: EmulatedPod): Promise<void> {
        if (!launchOf(head.pod)) return;
        const complete = await this.isComplete(head.pod, head.launched !== undefined);
        if (complete) head.lostAt = undefined;
        if (head.launched && !complete) {
            const pause = milliseconds(this.around.clock, LOSS_SECONDS);
            head.lostAt ??= Date.now();
            if (Date.now() - head.lostAt >= pause) return this.lose(head, MESH_LOST);
            return this.lookAgain(pause);
        }
        if (head.launched || !complete) return;
        const { faults, loadSeconds, alpa } = this.options;
        const { hostNetwork, nodeName } = head.pod.spec!;
        const own = { ...alpa, port: hostNetwork ? alpa.port : 0 };
        try {
            const launched = await launch({ side: "pod", node: nodeName!, faults, loadSeconds, alpa: own });
            // The pod may have been deleted during the launch.
            if (!head.run || head.ending || this.stop.signal.aborted) return launched.close();
            head.launched = launched;
            await this.watch(head, launched);
            void launched.ended.then(async (outcome) => {
                if (outcome === "failed" && head.launched === launched) await this.lose(head, NOT_LOADED);
                if (outcome === "loaded") head.failures = 0;
                this.around.changed();
            });
        } catch (error) {
            await this.lose(head, (error as Error).message);
        }
    }

    /** Runs the pod's watchdog of Alpa, if the pod has one. When the watchdog ends, the container ends too. */
    private async watch(head: EmulatedPod, launched: Launched): Promise<void> {
        head.watchdog = await startWatchdog(head.pod, launched.port, this.options);
        void head.watchdog?.ended.then(async (line) => {
            if (line !== undefined && head.launched === launched) await this.lose(head, line);
            this.around.changed();
        });
    }

    /** Ends Alpa and its container. */
    private async lose(head: EmulatedPod, message: string): Promise<void> {
        const { launched, watchdog } = head;
        head.launched = head.watchdog = undefined;
        this.crash(head, message);
        await watchdog?.stop();
        await launched?.close();
    }

    /**
     * Whether all pods of the head's RayCluster run.
     * @param launched whether Alpa already runs. If so, a terminating pod counts as running until its containers end
     */
    private async isComplete(head: V1Pod, launched: boolean): Promise<boolean> {
        const running = [...this.pods.values()].filter(
            ({ pod, run, ending }) => run && (launched || !ending) && sameCluster(pod, head),
        );
        return running.length >= (await this.clusters.wanted(head));
    }

    private headOf(pod: V1Pod): EmulatedPod | undefined {
        return [...this.pods.values()].find((one) => isHead(one.pod) && !one.ending && sameCluster(one.pod, pod));
    }

    private async show(one: EmulatedPod, supplies: Supplies): Promise<void> {
        const { pod, failure, run, restarts } = one;
        const { namespace, name, annotations } = pod.metadata!;
        const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
        const state = run ? this.runningState(one) : (failure ?? this.lack(pod, supplies));
        if (!state) return;
        if (state.is === "running" && state.ready && !annotations?.[STARTABLE_ANNOTATION]) {
            const slowly = { [STARTABLE_ANNOTATION]: "true", [ENDS_SLOWLY_ANNOTATION]: "true" };
            await this.around.cluster.rest.call("PATCH", path, { metadata: { annotations: slowly } });
            return;
        }
        // kwok sets the readiness and the address of a pod.
        if (state.is === "running" && state.ready && !pod.status?.podIP) return;
        const status = statusOf(pod, state, restarts, run?.startedAt ?? new Date().toISOString());
        if (essence(status) === essence(pod.status)) return;
        await this.around.cluster.rest.call("PATCH", `${path}/status`, { status });
    }

    private runningState({ pod, launched }: EmulatedPod): PodState {
        const head = this.headOf(pod)?.run !== undefined;
        return { is: "running", ready: notReady(pod, { head, isLoaded: launched?.isLoaded() ?? false }) === undefined };
    }

    private async endInOrder(one: EmulatedPod): Promise<void> {
        const { clock, ended, log, changed } = this.around;
        const { spec, metadata } = one.pod;
        const grace = metadata!.deletionGracePeriodSeconds ?? spec!.terminationGracePeriodSeconds ?? GRACE_SECONDS;
        const waits = spec!.containers.some(({ lifecycle }) => lifecycle?.preStop);
        const others = [...this.pods.values()].filter(({ pod, run }) => run && sameCluster(pod, one.pod));
        for (let second = 0; waits && second < grace && !this.stop.signal.aborted; second++) {
            if (!(await isNeeded(one, others))) break;
            await elapse(clock, 1, this.stop.signal);
        }
        await end(one);
        if (!this.stop.signal.aborted)
            await ended(one.pod).catch((error: Error) => log(`${metadata!.name}: ${error.message}`));
        changed();
    }
}
