/** An emulated pod with a serving image: its processes, and the conditions for its end. */
import type { V1Pod } from "@kubernetes/client-node";
import type { Hold } from "../../gpus/ledger";
import type { Launched } from "../../gpus/loading";
import { isHead } from "./container";
import type { PodState } from "./status";
import type { Watchdog } from "./watchdog";

/** kubelet's first and longest pause before a restart of a container, in seconds. */
const BACK_OFF_SECONDS = [10, 300];

export interface EmulatedPod {
    pod: V1Pod;
    /** Set while the containers run. `hold`: the GPUs that the containers use. */
    run?: { hold?: Hold; startedAt: string };
    /** Why the containers do not run. */
    failure?: PodState & { until: number };
    failures: number;
    restarts: number;
    launched?: Launched;
    watchdog?: Watchdog;
    /** Time when the RayCluster lost another pod, in milliseconds since the epoch. */
    lostAt?: number;
    ending?: Promise<void>;
}

/** Pause before the restart of the pod's failed containers, in seconds. */
export function backOff({ failures }: EmulatedPod): number {
    const [first, longest] = BACK_OFF_SECONDS;
    return Math.min(first * 2 ** failures, longest);
}

/** Ends the containers of a pod at once. */
export async function end(one: EmulatedPod): Promise<void> {
    const { launched, watchdog } = one;
    one.launched = one.watchdog = undefined;
    await watchdog?.stop();
    await launched?.close();
    one.run?.hold?.release();
    one.run = undefined;
}

/**
 * Whether the preStop hook of a terminating pod must wait longer. A head waits until Alpa has no connections. A worker
 * waits until its head has ended.
 * @param others pods of its RayCluster, including itself
 */
export async function isNeeded(one: EmulatedPod, others: EmulatedPod[]): Promise<boolean> {
    if (!isHead(one.pod)) return others.some(({ pod, run }) => isHead(pod) && run !== undefined);
    if (!one.launched || one.lostAt !== undefined || others.some(({ run }) => run === undefined)) return false;
    return (await one.launched.connections()) > 0;
}
