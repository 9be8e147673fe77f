import type * as pulumi from "@pulumi/pulumi";
import { BEFORE, isClosed, nextStage, type Stage, type Target } from "./conversion-phases";

/** A process that carries out a conversion, or a part of it, in one direction. */
export interface Attempt {
    /** Greater than that of every earlier attempt of the stack. A new number makes every step of a phase run again. */
    number: number;
    to: Target;
    /** User and host, `ada@ops`. */
    by: string;
    pid: number;
    /** When the attempt began, ISO 8601. */
    at: string;
}

/** How far a stack is in a conversion, as a run sets it. */
export interface ConversionStep {
    stage: Stage;
    /** The attempt that set the stage. Unset before the first conversion. */
    attempt?: Attempt;
    /** Digest of the list of callers. In stage intra-a it is not compared, so that a change of a caller does not change the record. */
    callers: string;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = { step: ConversionStep };
type State = Inputs & {
    /** When the conversion closed the callers' route, ISO 8601. */
    closedSince?: string;
};

export const provider: pulumi.dynamic.ResourceProvider<Inputs, State> = {
    /** Also runs in preview, before any other resource. */
    async check(olds, news) {
        const problem = stepProblem(olds.step, news.step);
        return { inputs: news, failures: problem === undefined ? [] : [{ property: "", reason: problem }] };
    },
    async diff(_id, olds, news) {
        return { changes: !isEqual(olds.step, news.step) };
    },
    async create(inputs) {
        return { id: "conversion", outs: inputs };
    },
    async update(_id, { step, closedSince }, inputs) {
        const isNew = isClosed(inputs.step.stage) && !isClosed(step.stage);
        const since = isNew ? new Date().toISOString() : closedSince;
        return { outs: { ...inputs, ...(since !== undefined && { closedSince: since }) } };
    },
};

/**
 * Why a run must not set a step; undefined if it may. A run moves a conversion by at most one phase, in the direction of its
 * attempt, and by the attempt that the state records or by a newer one.
 * @param old the recorded step; undefined for a new stack
 */
export function stepProblem(old: ConversionStep | undefined, { stage, attempt, callers }: ConversionStep) {
    if (old === undefined)
        return isClosed(stage)
            ? `convert.phase: must be prepared or open for a new stack (got ${stage}). Set prepared, run pulumi up, then: npm run ops -- convert run`
            : undefined;
    const isStep = stage !== old.stage;
    const isNewer = numberOf(attempt) > numberOf(old.attempt);
    const isAllowed = isStep
        ? attempt !== undefined &&
          nextStage(old.stage, attempt.to) === stage &&
          (isNewer || isSame(attempt, old.attempt))
        : stage === BEFORE || isNewer || isSame(attempt, old.attempt);
    if (!isAllowed)
        return (
            `convert: the stack is in phase ${old.stage} (${attemptText(old.attempt)}), and this run would set ${stage} (${attemptText(attempt)}). Nothing was changed. ` +
            "Only convert run and convert abort change the phase: npm run ops -- convert status. If another clone has converted the stack, get its stack file: git pull."
        );
    if (old.stage !== BEFORE && (isStep || isClosed(stage)) && callers !== old.callers)
        return (
            "consumers: must not change during a conversion (the list of callers differs from that of the last run). Nothing was changed. " +
            "Restore the list: git pull, or undo the edit. To block a leaked credential at once: docs/operate/leaked-credentials.md."
        );
    return undefined;
}

export function numberOf(attempt: Attempt | undefined): number {
    return attempt?.number ?? 0;
}

/** Whether two attempts are the same process and number. */
export function isSame(one: Attempt | undefined, other: Attempt | undefined): boolean {
    const text = (attempt: Attempt | undefined) =>
        attempt && [attempt.number, attempt.to, attempt.by, attempt.pid, attempt.at].join();
    return text(one) === text(other);
}

function isEqual(one: ConversionStep, other: ConversionStep): boolean {
    const hasSameCallers = other.stage === BEFORE || one.callers === other.callers;
    return one.stage === other.stage && hasSameCallers && isSame(one.attempt, other.attempt);
}

/** Who made an attempt, and when. */
export function attemptText(attempt: Attempt | undefined): string {
    if (attempt === undefined) return "no attempt";
    const { number, by, pid, at } = attempt;
    return `attempt ${number} by ${by}, pid ${pid}, since ${at}`;
}
