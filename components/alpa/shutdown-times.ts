/** Time limits of gateway pods. All are derived from the answer timeout of the config. */

interface AnswerTime {
    /** Longest time for one answer, in seconds. A terminating pod waits this long for its requests in progress. */
    answerTimeoutSeconds: number;
}

/** Length of the chart's preStop sleep, in seconds. No chart value changes it. The pod gets no new request after it. */
const PRE_STOP_SECONDS = 30;
/** Seconds for connecting to Alpa and sending a request. The answer timeout of APISIX starts after that. */
const ANSWER_MARGIN_SECONDS = 30;
/** Additional seconds for nginx to end by itself before the kubelet kills it. */
const KILL_MARGIN_SECONDS = 15;

/** Shortest time limit for the end of the pods, in seconds. */
const USUAL_GONE_SECONDS = 600;
/** Additional seconds after the grace period of the pods. */
const GONE_MARGIN_SECONDS = 120;

/** Graceful shutdown: how long nginx lets open requests finish after SIGQUIT, in seconds. */
export function shutdownSeconds({ answerTimeoutSeconds }: AnswerTime): number {
    return answerTimeoutSeconds + ANSWER_MARGIN_SECONDS;
}

/** Termination grace period of the pods, in seconds. It includes the preStop sleep, in which requests may still arrive. */
export function graceSeconds(times: AnswerTime): number {
    return PRE_STOP_SECONDS + shutdownSeconds(times) + KILL_MARGIN_SECONDS;
}

/**
 * Time limit until deleted gateway pods are gone, in seconds.
 * @param times undefined if the pods have Kubernetes' default grace period
 */
export function goneSeconds(times: AnswerTime | undefined): number {
    return Math.max(USUAL_GONE_SECONDS, times === undefined ? 0 : graceSeconds(times) + GONE_MARGIN_SECONDS);
}
