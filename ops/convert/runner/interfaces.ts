/** Interfaces of a conversion to everything outside, and its result. */
import type { Answer } from "../service/answers";
import type { Event, Outcome } from "../audit";
import type { Place, Step } from "../phases";
import type { Seen } from "../state";

/** Data of the progress display while a step runs. Instants in milliseconds. */
export interface View {
    step: Step;
    began: number;
    expectedSeconds: number;
    /** When the step is interrupted. Unset for a step without a time limit. */
    latestEnd?: number;
    downSince?: number;
}

/** Result of verifying a step. */
export interface Proof {
    /** A sentence for the record. */
    said?: string;
    /** Answers of bare metal. Later steps compare the new answers with them. */
    answers?: Answer[];
}

export interface Actions {
    /** Current time in milliseconds. */
    now(): number;
    /** Runs a step, so that the stack reaches its phase. @throws if the step fails, or `signal` aborts it */
    bring(step: Step, signal: AbortSignal): Promise<void>;
    /**
     * Verifies the result of a step. Once `signal` is aborted, the proof is ignored.
     * @param answers recorded answers of bare metal, if there are any
     */
    prove(step: Step, answers: Answer[] | undefined, signal: AbortSignal): Promise<Proof>;
    /**
     * Checks that callers are served by the current target of their routes. Once `signal` is aborted, the result is ignored.
     * @returns a sentence with the proof @throws if callers are not served
     */
    serves(signal: AbortSignal): Promise<string>;
    /** Reads the stack's outputs. Once `signal` is aborted, the result is ignored. */
    readPlaces(signal: AbortSignal): Promise<Pick<Seen, "reached" | "asked">>;
    /** @returns why the event could not be written */
    record(event: Event): string | undefined;
    /** Calls a function at an instant, unless the returned function was called before. */
    at(instant: number, call: () => void): () => void;
    show(view: View | undefined): void;
}

/** Orders to a running conversion. */
export interface Orders {
    /** Order to roll back. Its reason is a sentence. */
    back: AbortSignal;
    /** Order to stop now, without a rollback. The operator can continue the conversion later. */
    stop: AbortSignal;
}

export interface Result {
    outcome: Outcome | "stopped";
    /** The last phase that the stack reached completely. */
    place: Place;
    /** Seconds during which callers got 503, up to the end or the stop of the conversion. */
    downSeconds: number;
    /** Why the conversion returned or was stopped. */
    why?: string;
    /** The failed step that a human must handle. */
    failed?: Step;
    /** Proof that callers are served although `done` failed. */
    served?: string;
}
