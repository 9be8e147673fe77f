import { quote } from "../../hosts/script";

/** Limits after which Alpa counts as making no progress. */
interface ProgressLimits {
    /**
     * Longest wait of a completion while no batch runs, in seconds. After that, Alpa's batch loop counts as ended: Alpa
     * starts a batch at most 1 s after a request (`batch_timeout` of launch_model_worker.py).
     */
    idleSeconds: number;
    /** Longest time for one batch, in seconds: longer than the answer timeout. */
    stuckSeconds: number;
}

export interface Progress extends ProgressLimits {
    /** Port of Alpa on 127.0.0.1. */
    port: number;
    /** Name of the model that Alpa has registered. */
    model: string;
}

/**
 * Within 60 s, about 120 checks look for a running batch. They may miss a batch that is shorter than half a second. So the
 * watchdog reports a healthy Alpa only if a completion waits for 60 s and all batches in this time are that short. This
 * needs hundreds of earlier requests.
 */
export const DEFAULT_IDLE_SECONDS = 60;

/** Pause between an answer and the next request, in seconds. */
const PAUSE_SECONDS = 30;

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
