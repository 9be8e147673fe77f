/**
 * Rampart's controller process.
 * Emulated: petuum/rampart 47a837c (2023-04-07), controller.py with its objects, as recorded on a real API server. It has one
 * watch, restarted every 60 s, which then lists all graphs again. Each event starts a task: one at a time per graph, in
 * parallel for different graphs. An exception that the real program does not catch ends this "process" too: see `exited`.
 * Unsupported: flows, the edges release, the mutating webhook, Pulsar, files in the work directory.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import { type Clock, type GraphApi, realClock } from "../kubernetes/api.js";
import { ChartCache } from "../charts/cache.js";
import { type Settings, type Tools } from "./deploy.js";
import { Cancelled, Crash, Killed } from "../errors.js";
import type { HelmRunner } from "../charts/helm-runner.js";
import { helmfileOver, type HelmfileRunner } from "./helmfile-sync.js";
import { KubeApi } from "../kubernetes/kube-api.js";
import type { Environment, TaskRef } from "../graph/parse.js";
import { isMap } from "../python.js";
import { findGraph, syncPass } from "./sync.js";
import type { GraphObject } from "../types.js";

export interface ControllerOptions {
    helm: HelmRunner;
    /** @default an emulation of helmfile with `helm` */
    helmfile?: HelmfileRunner;
    /** Duration of one watch, in seconds; deletions need a second one. @default 60, as in the real controller */
    watchCycleSeconds?: number;
    /**
     * Environment of the controller process, with its RAMPART_* settings. The error of a failed helmfile quotes every
     * variable.
     * @default POD_ENV, invented; never the environment of the sandbox, which may have real secrets
     */
    env?: Environment;
    /** Second namespace for the Secret of a repo. @default "rampart-system" */
    controllerNamespace?: string;
    log?: (line: string) => void;
    /** Called with every helm and helmfile command line of the real controller, except repo add and show chart. */
    onCommand?: (argv: string[]) => void;
    clock?: Clock;
}

export interface Controller {
    /** Ends the process without cleanup. Resolves when nothing of it runs. */
    close(): Promise<void>;
    /** Resolves at the end of the process: with the exception that ended it, or undefined after close(). */
    exited: Promise<Error | undefined>;
}

/** Environment of a controller pod. The credential is a canary that must never be printed. */
const POD_ENV: Environment = {
    HOME: "/root",
    HOSTNAME: "rampart-controller-0",
    KUBERNETES_SERVICE_HOST: "10.152.183.1",
    KUBERNETES_SERVICE_PORT: "443",
    PATH: "/usr/local/bin:/usr/bin:/bin",
    RAMPART_REGISTRY: "",
    RAMPART_REGISTRY_PASSWORD: "sandbox-canary-never-print-this",
    RAMPART_STORAGE_CLASS: "rampart",
    RAMPART_WORKDIR: "/var/lib/rampart",
};

export function startController(options: ControllerOptions & { kubeConfig: KubeConfig }): Controller {
    return runController(new KubeApi(options.kubeConfig), options);
}

export function runController(api: GraphApi, options: ControllerOptions): Controller {
    const env = options.env ?? POD_ENV;
    const settings: Settings = {
        env,
        installTimeoutSeconds: Number(env["RAMPART_COMPONENT_INSTALL_TIMEOUT"] ?? 600),
        repoTimeoutSeconds: Number(env["RAMPART_REPO_TIMEOUT"] ?? 60),
        controllerNamespace: options.controllerNamespace ?? "rampart-system",
        workdir: env["RAMPART_WORKDIR"] ?? "",
    };
    const tools: Tools = {
        api,
        helm: options.helm,
        helmfile: options.helmfile ?? helmfileOver(options.helm),
        charts: new ChartCache(),
        clock: options.clock ?? realClock,
        settings,
        log: options.log ?? (() => {}),
        onCommand: options.onCommand ?? (() => {}),
    };
    return new Process(tools, options.watchCycleSeconds ?? 60);
}

interface RunningTask {
    isDeletion: boolean;
    generation: number;
    cancel: () => void;
}

class Process implements Controller {
    readonly exited: Promise<Error | undefined>;
    private readonly killer = new AbortController();
    private readonly tasks = new Map<string, RunningTask>();
    /** Last holder of each graph's lock. */
    private readonly locks = new Map<string, Promise<void>>();
    private readonly live = new Set<Promise<void>>();
    /** Tasks are awaited in the order of their events: a crash is noticed after all earlier ones. */
    private queue: Promise<void> = Promise.resolve();
    private end: (error: Error | undefined) => void = () => {};

    constructor(
        private readonly tools: Tools,
        watchCycleSeconds: number,
    ) {
        const ended = new Promise<Error | undefined>((resolve) => (this.end = resolve));
        const watching = this.watch(watchCycleSeconds);
        this.exited = ended.then(async (error) => {
            this.killer.abort(new Killed("the controller process has ended"));
            await Promise.allSettled([watching, ...this.live]);
            return error;
        });
    }

    async close(): Promise<void> {
        this.end(undefined);
        await this.exited;
    }

    private async watch(seconds: number): Promise<void> {
        try {
            while (!this.killer.signal.aborted) {
                await this.tools.api.watchGraphs(seconds, (graph) => this.enqueue(graph), this.killer.signal);
            }
        } catch (error) {
            this.exit(error as Error);
        }
    }

    private enqueue(graph: GraphObject): void {
        if (this.killer.signal.aborted) return;
        const { namespace, name, uid } = graph.metadata;
        const task = this.sync({ namespace, name, uid });
        this.live.add(task);
        void task.catch(() => {}).then(() => this.live.delete(task));
        this.queue = this.queue.then(() => task).catch((error: Error) => this.exit(error));
    }

    private exit(error: Error): void {
        if (error instanceof Killed) return;
        this.tools.log(`controller: exits, ${error.message}`);
        this.end(error);
    }

    /** Decides whether an event starts a task, and whether it cancels the running one of the same graph. */
    private async sync(ref: TaskRef): Promise<void> {
        const graph = await findGraph(this.tools, ref);
        const isDeletion = graph === undefined || graph.metadata.deletionTimestamp !== undefined || !wanted(graph);
        const generation = isDeletion ? -1 : (graph.metadata.generation ?? 0);
        const running = this.tasks.get(ref.uid);
        if (running) {
            // A deletion is never cancelled: the watch lists the graph again later.
            if (running.isDeletion || (!isDeletion && generation === running.generation)) return;
            this.tools.log(
                `${ref.namespace}/${ref.name}: cancelling the deployment of generation ${running.generation}`,
            );
            running.cancel();
        }
        await this.locked(ref.uid, () => this.task(ref, isDeletion, generation));
    }

    private async task(ref: TaskRef, isDeletion: boolean, generation: number): Promise<void> {
        const canceller = new AbortController();
        const cancel = () => canceller.abort(new Cancelled("the graph has changed"));
        this.tasks.set(ref.uid, { isDeletion, generation, cancel });
        try {
            await syncPass(this.tools, ref, AbortSignal.any([canceller.signal, this.killer.signal]));
        } catch (error) {
            if (!(error instanceof Cancelled)) throw error;
        }
        this.tasks.delete(ref.uid);
    }

    /** A lock with a queue in order of arrival. */
    private async locked(uid: string, work: () => Promise<void>): Promise<void> {
        const before = this.locks.get(uid) ?? Promise.resolve();
        const mine = before.then(() => {
            this.killer.signal.throwIfAborted();
            return work();
        });
        this.locks.set(
            uid,
            mine.catch(() => {}),
        );
        await mine;
    }
}

/** Whether `deploy` is false. A graph without a spec crashes the process. */
function wanted(graph: GraphObject): boolean {
    if (!isMap(graph.spec)) throw new Crash("KeyError: 'spec'");
    return Boolean(graph.spec["deploy"] ?? !Object.hasOwn(graph.spec, "deploy"));
}
