/** Times derived from the longest answer: graceful shutdown of gateway pods, and deletion of their namespace. */

interface AnswerTime {
    /** Longest time for one answer, in seconds. A pod that stops waits this long for running answers. */
    answerTimeoutSeconds: number;
}

/** preStop sleep of the chart: by its end no new request is routed to the pod. The chart has no value for it. */
const PRE_STOP_SECONDS = 30;
/** Additional time to connect and to send the request, before the answer's own time begins. */
const ANSWER_MARGIN_SECONDS = 30;
/** Additional time for nginx to end by itself before it is killed. */
const KILL_MARGIN_SECONDS = 15;

/** Margin for the deletion of a namespace and its objects other than pods. */
const USUAL_GONE_SECONDS = 600;
const GONE_MARGIN_SECONDS = 120;

/** Graceful shutdown: how long nginx lets open requests finish after SIGQUIT, in seconds. */
export function shutdownSeconds({ answerTimeoutSeconds }: AnswerTime): number {
    return answerTimeoutSeconds + ANSWER_MARGIN_SECONDS;
}

/** Termination grace period of the pods, in seconds: a request may arrive until the preStop sleep ends. */
export function graceSeconds(times: AnswerTime): number {
    return PRE_STOP_SECONDS + shutdownSeconds(times) + KILL_MARGIN_SECONDS;
}

/** Time for the deletion of a namespace with gateway pods, in seconds. @param times Default: the default grace period */
export function goneSeconds(times: AnswerTime | undefined): number {
    return Math.max(USUAL_GONE_SECONDS, times === undefined ? 0 : graceSeconds(times) + GONE_MARGIN_SECONDS);
}
