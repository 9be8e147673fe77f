/** A pod with a serving image as it is emulated: what it runs, and what ends it. */
import type { V1Pod } from "@kubernetes/client-node";
import type { Hold } from "../../gpus/ledger";
import type { Launched } from "../../gpus/loading";
import { isHead } from "./container";
import type { PodState } from "./status";
import type { Watchdog } from "./watchdog";

/** kubelet's first pause before a container is started again, and the longest one, in seconds. */
const BACK_OFF_SECONDS = [10, 300];

export interface EmulatedPod {
    pod: V1Pod;
    /** While its containers run. */
    run?: { hold?: Hold; startedAt: string };
    /** Why it does not. */
    failure?: PodState & { until: number };
    failures: number;
    restarts: number;
    launched?: Launched;
    watchdog?: Watchdog;
    /** When a pod of its RayCluster was lost, in milliseconds. */
    lostAt?: number;
    ending?: Promise<void>;
}

/** Pause before its containers are started again, in seconds. */
export function backOff({ failures }: EmulatedPod): number {
    const [first, longest] = BACK_OFF_SECONDS;
    return Math.min(first * 2 ** failures, longest);
}

/** Ends its containers at once. */
export async function end(one: EmulatedPod): Promise<void> {
    const { launched, watchdog } = one;
    one.launched = one.watchdog = undefined;
    await watchdog?.stop();
    await launched?.close();
    one.run?.hold?.release();
    one.run = undefined;
}

/** Whether the hook of a pod that is on its way out has something to wait for. @param others of its RayCluster, itself among them */
export async function isNeeded(one: EmulatedPod, others: EmulatedPod[]): Promise<boolean> {
    if (!isHead(one.pod)) return others.some(({ pod, run }) => isHead(pod) && run !== undefined);
    if (!one.launched || one.lostAt !== undefined || others.some(({ run }) => run === undefined)) return false;
    return (await one.launched.connections()) > 0;
}
