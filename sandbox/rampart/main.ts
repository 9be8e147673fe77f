/**
 * Starts the emulator of petuum/rampart 47a837c (2023-04-07) on an existing API server: CRDs, admission webhook, HNC and
 * controller. Each file lists what it emulates and what is unsupported.
 */
import { KubeConfig } from "@kubernetes/client-node";
import { type Clock, realClock } from "./kubernetes/api.js";
import { type Controller, type ControllerOptions, startController } from "./controller/controller.js";
import { HelmCli } from "./charts/helm.js";
import { startHnc } from "./kubernetes/hnc.js";
import { installRampart, type InstallOptions, RAMPART_NAMESPACE } from "./kubernetes/install.js";
import { registerWebhook, startWebhook } from "./webhook.js";

interface RampartOptions {
    kubeConfigPath: string;
    /** Path of the helm program. */
    helmPath: string;
    /** Folder for helm's repos and caches. Only its owner can read it, because it has credentials of chart repos. */
    stateDir: string;
    /**
     * Duration of one watch, in seconds. A deletion is completed only in the next watch.
     * @default 60, as in the real controller
     */
    watchCycleSeconds?: number;
    /** Contents of the Secret rampart-repo. @default none */
    repo?: InstallOptions["repo"];
    /** Environment of the controller. @default POD_ENV in controller/controller.ts */
    env?: ControllerOptions["env"];
    log?: (line: string) => void;
}

/**
 * Wait before the controller is restarted after its first crash, in seconds. Each crash doubles the wait, up to
 * LONGEST_RESTART_SECONDS.
 */
const FIRST_RESTART_SECONDS = 10;
const LONGEST_RESTART_SECONDS = 300;
/**
 * If the controller has run for at least this many seconds, the next wait is FIRST_RESTART_SECONDS again, as with a
 * kubelet.
 */
const FORGIVEN_SECONDS = 600;

export async function startRampart(options: RampartOptions): Promise<{ close(): Promise<void> }> {
    const log = options.log ?? (() => {});
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromFile(options.kubeConfigPath);
    const webhook = await startWebhook({ kubeConfig, log });
    try {
        await installRampart(kubeConfig, { webhook, ...(options.repo ? { repo: options.repo } : {}) });
        await registerWebhook(kubeConfig, webhook);
    } catch (error) {
        await webhook.close();
        throw error;
    }
    const hnc = startHnc({ kubeConfig, log });
    const controller = supervise(
        () =>
            startController({
                kubeConfig,
                helm: new HelmCli(options),
                controllerNamespace: RAMPART_NAMESPACE,
                log,
                ...(options.watchCycleSeconds ? { watchCycleSeconds: options.watchCycleSeconds } : {}),
                ...(options.env ? { env: options.env } : {}),
            }),
        log,
    );
    return {
        close: async () => {
            await controller.close();
            await hnc.close();
            await webhook.close();
        },
    };
}

/** Restarts the controller after a crash with growing waits, as a kubelet does with a pod (CrashLoopBackOff). */
export function supervise(
    start: () => Controller,
    log: (line: string) => void,
    clock: Clock = realClock,
): { close(): Promise<void> } {
    const stop = new AbortController();
    let controller = start();
    const follow = async (): Promise<void> => {
        for (let wait = FIRST_RESTART_SECONDS; ; wait = Math.min(wait * 2, LONGEST_RESTART_SECONDS)) {
            const started = clock.now();
            if ((await controller.exited) === undefined) return;
            if (clock.now() - started >= FORGIVEN_SECONDS) wait = FIRST_RESTART_SECONDS;
            log(`Rampart's controller: restarts in ${wait} s`);
            await clock.sleep(wait, stop.signal);
            controller = start();
        }
    };
    const following = follow().catch(() => {}); // only an aborted sleep rejects
    return {
        close: async () => {
            stop.abort(new Error("closed"));
            await controller.close();
            await following;
        },
    };
}
