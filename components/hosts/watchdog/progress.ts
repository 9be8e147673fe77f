import { quote } from "../ssh-script";

/** Limits after which Alpa counts as making no progress. */
export interface ProgressLimits {
    /**
     * How long a completion may wait while no batch runs, in seconds: the batch loop has ended then. Alpa begins a batch at the
     * latest 1 s after a request came (`batch_timeout` of launch_model_worker.py).
     */
    idleSeconds: number;
    /** How long one batch may run, in seconds: more than the longest answer takes. */
    stuckSeconds: number;
}

export interface Progress extends ProgressLimits {
    /** Alpa's, on 127.0.0.1. */
    port: number;
    /** Name of the model that Alpa has registered. */
    model: string;
}

/**
 * 60 s: about 120 looks of which none met a batch. Batches that take less than half a second are not seen by a look; then a
 * queue that is longer than a minute, hundreds of requests, would be taken for an Alpa that has stopped.
 */
export const DEFAULT_IDLE_SECONDS = 60;

/** Pause between an answer and the next request, in seconds. */
export const PAUSE_SECONDS = 30;

/** Values for the placeholders of progress.sh. */
export function progressConstants({ port, model, idleSeconds, stuckSeconds }: Progress) {
    return {
        PORT: port,
        MODEL: quote(JSON.stringify(model)),
        IDLE_SECONDS: idleSeconds,
        STUCK_SECONDS: stuckSeconds,
        PAUSE_SECONDS,
    };
}
