/**
 * Rampart's controller process.
 * Emulated: petuum/rampart 47a837c (2023-04-07), controller.py with its objects, as recorded on a real API server. The
 * controller has one watch, which restarts every 60 s and then lists all graphs again. Each event starts a task. Tasks of one
 * graph run one after another, tasks of different graphs in parallel. An exception that the real program does not catch ends
 * this "process" too: see `exited`.
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
    /** Runs helmfile. @default an emulation of helmfile that uses `helm` */
    helmfile?: HelmfileRunner;
    /**
     * Duration of one watch, in seconds. A deletion is completed only in the next watch.
     * @default 60, as in the real controller
     */
    watchCycleSeconds?: number;
    /**
     * Environment of the controller process, with the RAMPART_* settings. If helmfile fails, the error message quotes
     * every variable.
     * For this reason, the environment of the sandbox is never used: it may contain real secrets.
     * @default POD_ENV, an invented environment
     */
    env?: Environment;
    /**
     * Namespace in which the Secret of a repo is searched if the graph's namespace does not have it.
     * @default "rampart-system"
     */
    controllerNamespace?: string;
    log?: (line: string) => void;
    /** Called with every helm and helmfile command line of the real controller, except repo add and show chart. */
    onCommand?: (argv: string[]) => void;
    clock?: Clock;
}

export interface Controller {
    /** Ends the emulated process without cleanup. Resolves when none of its tasks runs any more. */
    close(): Promise<void>;
    /**
     * Resolves when the emulated process ends. The value is the exception that ended the process, or undefined after
     * close().
     */
    exited: Promise<Error | undefined>;
}

/** Invented environment of a controller pod. Tests check that its credential is never printed. */
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
    /** The last task in the queue of each graph's lock, by uid of the graph. */
    private readonly locks = new Map<string, Promise<void>>();
    private readonly live = new Set<Promise<void>>();
    /**
     * Resolves when all tasks so far have ended. The tasks are awaited in the order of their events, so that a crashed
     * task ends the process only after all earlier tasks.
     */
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

    /** Decides whether an event starts a task, and whether it cancels the running task of the same graph. */
    private async sync(ref: TaskRef): Promise<void> {
        const graph = await findGraph(this.tools, ref);
        const isDeletion = graph === undefined || graph.metadata.deletionTimestamp !== undefined || !wanted(graph);
        const generation = isDeletion ? -1 : (graph.metadata.generation ?? 0);
        const running = this.tasks.get(ref.uid);
        if (running) {
            // A running deletion is never cancelled. The event is not lost: the next watch lists the graph again.
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

    /** Runs `work` under the graph's lock. Waiting tasks get the lock in the order of their arrival. */
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

/**
 * Whether the graph is to be deployed: `deploy` is true or unset. As in the real program, a graph without a spec crashes the
 * process.
 */
function wanted(graph: GraphObject): boolean {
    if (!isMap(graph.spec)) throw new Crash("KeyError: 'spec'");
    return Boolean(graph.spec["deploy"] ?? !Object.hasOwn(graph.spec, "deploy"));
}
