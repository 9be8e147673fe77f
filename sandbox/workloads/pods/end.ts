/**
 * How the containers of a pod that is deleted end, by kubelet 1.34 and nginx (APISIX 3.18): preStop runs first and uses
 * the grace period up; then comes the image's stop signal, SIGQUIT, and what is left of the period, at least 2 s, is for
 * the answers under way. nginx itself cuts them after worker_shutdown_timeout, 240 s unless config.yaml says otherwise.
 *
 * preStop is emulated as a sleep alone: `sleep.seconds`, and an exec of `sleep N`, by a shell or not. Refused: all other
 * forms, and fractions of a second.
 */
import type { V1Container, V1LifecycleHandler, V1Pod } from "@kubernetes/client-node";
import { parse } from "yaml";

/** Kubernetes' default. */
const GRACE_SECONDS = 30;
/** kubelet's minimumGracePeriodInSeconds. */
const LEAST_SECONDS = 2;
/** Default of APISIX's nginx_config.worker_shutdown_timeout. */
const WORKER_SHUTDOWN_SECONDS = 240;

/** Pod seconds. */
export interface PodEnd {
    /** The container goes on as before, though no new connections are sent to it. */
    preStop: number;
    /** From SIGQUIT until what is still under way is cut. */
    answers: number;
}

/** Why the end of a container cannot be emulated. */
export function preStopProblem({ lifecycle }: V1Container): string | undefined {
    const handler = lifecycle?.preStop;
    if (!handler || sleepOf(handler) !== undefined) return undefined;
    return `unsupported by the sandbox: a preStop other than a sleep of whole seconds (${JSON.stringify(handler)})`;
}

/** @param config text of APISIX's config.yaml, as the pod sees it */
export function podEnd(pod: V1Pod, container: V1Container, config?: string): PodEnd {
    // The deletion may have asked for another period than the pod's own.
    const { deletionGracePeriodSeconds } = pod.metadata!;
    const grace = deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? GRACE_SECONDS;
    const handler = container.lifecycle?.preStop;
    const preStop = Math.min((handler && sleepOf(handler)) ?? 0, grace);
    return { preStop, answers: Math.min(Math.max(grace - preStop, LEAST_SECONDS), workerShutdownSeconds(config)) };
}

/** Seconds that a handler sleeps; undefined when it does anything else. */
function sleepOf({ exec, sleep, httpGet, tcpSocket }: V1LifecycleHandler): number | undefined {
    if (httpGet || tcpSocket) return undefined;
    if (sleep) return sleep.seconds;
    const words = exec?.command ?? [];
    const shell = /^(\/bin\/)?(ba)?sh$/.test(words[0] ?? "") && words[1] === "-c" && words.length === 3;
    const seconds = /^sleep (\d+)$/.exec(shell ? words[2].trim() : words.join(" "))?.[1];
    return seconds === undefined ? undefined : Number(seconds);
}

function workerShutdownSeconds(config: string | undefined): number {
    const nginx = (parse(config ?? "") as { nginx_config?: Record<string, unknown> } | null)?.nginx_config;
    const given = nginx?.worker_shutdown_timeout;
    if (given === undefined) return WORKER_SHUTDOWN_SECONDS;
    const [, amount, unit = "s"] = /^(\d+)(s|m|h)?$/.exec(String(given as string | number)) ?? [];
    if (amount === undefined)
        throw new Error(`unsupported by the sandbox: worker_shutdown_timeout ${String(given as string)}`);
    return Number(amount) * { s: 1, m: 60, h: 3600 }[unit]!;
}
