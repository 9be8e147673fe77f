/**
 * How the containers of a deleted pod end with kubelet 1.34 and nginx (APISIX 3.18): preStop runs first, within the grace
 * period. Then kubelet sends the image's stop signal, SIGQUIT. Requests in progress have the rest of the grace period, but at
 * least 2 s. nginx aborts them earlier if worker_shutdown_timeout (240 s by default) ends first.
 *
 * Emulated: no preStop, or the one of APISIX's chart, a `sleep` of whole seconds in a shell. Unsupported: all other forms.
 */
import type { V1Container, V1LifecycleHandler, V1Pod } from "@kubernetes/client-node";
import { parse } from "yaml";

/** Kubernetes' default of terminationGracePeriodSeconds. */
const GRACE_SECONDS = 30;
/** Shortest time from SIGQUIT to SIGKILL: kubelet's minimumGracePeriodInSeconds. */
const LEAST_SECONDS = 2;
/** Default of APISIX's nginx_config.worker_shutdown_timeout. */
const WORKER_SHUTDOWN_SECONDS = 240;

/** Durations of the phases in which a pod terminates, in seconds. */
export interface PodEnd {
    /** Time for which the container still answers, while its pod gets no new connections. */
    preStop: number;
    /** Time from SIGQUIT until requests in progress are aborted. */
    answers: number;
}

/** Why the preStop hook of a container is unsupported; undefined if it is supported, or there is none. */
export function preStopProblem({ lifecycle }: V1Container): string | undefined {
    const handler = lifecycle?.preStop;
    if (!handler || sleepOf(handler) !== undefined) return undefined;
    return `unsupported by the sandbox: a preStop other than a sleep of whole seconds (${JSON.stringify(handler)})`;
}

/** Durations of a pod's termination. @param config text of APISIX's config.yaml in the pod */
export function podEnd(pod: V1Pod, container: V1Container, config?: string): PodEnd {
    // A deletion can replace the grace period in the pod's spec.
    const { deletionGracePeriodSeconds } = pod.metadata!;
    const grace = deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? GRACE_SECONDS;
    const handler = container.lifecycle?.preStop;
    const preStop = Math.min((handler && sleepOf(handler)) ?? 0, grace);
    return { preStop, answers: Math.min(Math.max(grace - preStop, LEAST_SECONDS), workerShutdownSeconds(config)) };
}

/** Seconds for which a handler sleeps, as in the chart; undefined for a handler that does anything else. */
function sleepOf({ exec }: V1LifecycleHandler): number | undefined {
    const seconds = /^\/bin\/sh -c sleep (\d+)$/.exec((exec?.command ?? []).join(" "))?.[1];
    return seconds === undefined ? undefined : Number(seconds);
}

function workerShutdownSeconds(config: string | undefined): number {
    const nginx = (parse(config ?? "") as { nginx_config?: Record<string, unknown> } | null)?.nginx_config;
    const given = nginx?.worker_shutdown_timeout;
    if (given === undefined) return WORKER_SHUTDOWN_SECONDS;
    const seconds = /^(\d+)s$/.exec(String(given as string))?.[1];
    if (seconds === undefined)
        throw new Error(`unsupported by the sandbox: worker_shutdown_timeout ${String(given as string)}`);
    return Number(seconds);
}
