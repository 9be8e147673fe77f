/** Interfaces of a cutover to everything outside, and its result. */
import type { Answer } from "./service/answers";
import type { Event, Outcome } from "./audit";
import type { Place, Step } from "./phases";
import type { Seen } from "./state";

/** What the display shows while a step runs. Instants in milliseconds. */
export interface View {
    step: Step;
    began: number;
    expectedSeconds: number;
    /** When the step is interrupted. Unset: never. */
    latestEnd?: number;
    downSince?: number;
}

/** What was found at the end of a step. */
export interface Proof {
    /** A sentence for the record. */
    said?: string;
    /** Answers of what served before, to be compared with later. */
    answers?: Answer[];
}

export interface Actions {
    /** In milliseconds. */
    now(): number;
    /** Brings the stack to the place of a step. @throws if that was not reached, or `signal` interrupted it */
    bring(step: Step, signal: AbortSignal): Promise<void>;
    /**
     * Verifies the result of a step. Its result is ignored once `signal` is aborted. @param answers those of what
     * served before, as far as recorded
     */
    prove(step: Step, answers: Answer[] | undefined, signal: AbortSignal): Promise<Proof>;
    /**
     * Checks that callers are served at the current target of their routes. Its result is ignored once `signal` is
     * aborted. @returns a sentence; @throws when they are not
     */
    serves(signal: AbortSignal): Promise<string>;
    /** Reads the stack's outputs. Its result is ignored once `signal` is aborted. */
    readPlaces(signal: AbortSignal): Promise<Pick<Seen, "reached" | "asked">>;
    /** @returns why the event could not be written */
    record(event: Event): string | undefined;
    /** Calls a function at an instant, unless the returned function was called before. */
    at(instant: number, call: () => void): () => void;
    show(view: View | undefined): void;
}

/** Orders from outside while it runs. */
export interface Orders {
    /** To return; its reason is a sentence. */
    back: AbortSignal;
    /** To stop at the present place, so that it can be continued later. */
    stop: AbortSignal;
}

export interface Result {
    outcome: Outcome | "stopped";
    /** Last place that was reached whole. */
    place: Place;
    /** How long callers got 503; if it was stopped, until then. */
    downSeconds: number;
    /** Why it returned, or what stopped it. */
    why?: string;
    /** The failed step that a human must handle. */
    failed?: Step;
    /** Proof that callers are served although `done` failed. */
    served?: string;
}
