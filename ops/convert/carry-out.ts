/** Carries out a conversion: one run of Pulumi for each stage, and the return after a failure or when time runs out. */
import { BEFORE, TARGET, type Stage, type Target } from "../../components/opt/conversion-phases";
import type { Attempt } from "../../components/opt/conversion-record-provider";
import { errorMessage, Failure } from "../errors";
import { deadline, descriptionOf, isTakenOver, newAttempt, nextStep, opens, type Budget } from "./decide";
import { whoIn, type Progress } from "./progress";

/** What a conversion does outside of this process. */
export interface Actions {
    read(): Promise<Progress>;
    /** Runs Pulumi, so that the stack reaches the stage. @throws if the run fails, or if `signal` aborts it */
    bring(stage: Stage, attempt: Attempt, signal: AbortSignal): Promise<void>;
    /** @throws if Alpa does not answer through the gateway */
    answers(signal: AbortSignal): Promise<void>;
    /** Makes the stack file agree with the state. */
    settle(progress: Progress): void;
    note(text: string): void;
}

export interface Job {
    stack: string;
    by: string;
    budget: Budget;
    /** Aborted when the process is to end. Its reason is a text. */
    stop: AbortSignal;
}

export interface Ended {
    to: Target;
    /** Why a conversion to intra-b has returned. */
    why?: string;
}

/** Another run holds the stack's lock, so this conversion cannot begin. */
export class Locked extends Failure {}

/** How often a step of a return is tried, because the cause of a failure may be temporary. */
const TRIES = 2;

/** @throws Failure if the conversion stops before its end */
export async function carryOut(actions: Actions, job: Job, to: Target): Promise<Ended> {
    let progress = await actions.read();
    let attempt = newAttempt(progress.attempt, to, job.by);
    let why: string | undefined;
    for (let tries = 0; ;) {
        const next = nextStep(progress, attempt.to);
        if (next === undefined) return { to: attempt.to, why };
        actions.note(`\n${attempt.to === TARGET ? "" : "back to "}${next}: ${descriptionOf(next, attempt.to)}.`);
        const failure = await step(actions, job, { progress, next, attempt });
        progress = await actions.read();
        if (failure === undefined) {
            tries = 0;
            continue;
        }
        actions.settle(progress);
        if (isTakenOver(progress.attempt, attempt))
            throw new Failure(
                `convert: another process has continued the conversion (${whoIn(progress.attempt!)}). This one has stopped. See: npm run ops -- convert status --stack ${job.stack}`,
            );
        if (job.stop.aborted) throw new Failure(stopped(job, progress, failure));
        if (progress.stage === BEFORE && progress.isComplete) throw new Failure(`convert: ${failure}`);
        if (attempt.to === TARGET) {
            why = `${next}: ${failure}`;
            actions.note(`\nReturning to ${BEFORE}: ${why}`);
        } else if (++tries === TRIES) throw new Failure(human(job, next, failure));
        attempt = newAttempt(attempt, BEFORE, job.by);
    }
}

interface Step {
    progress: Progress;
    next: Stage;
    attempt: Attempt;
}

/** @returns why the step failed; undefined if it did not */
async function step(actions: Actions, { budget, stop }: Job, { progress, next, attempt }: Step) {
    const now = Date.now();
    const end = attempt.to === TARGET ? deadline(progress, next, budget, now) : undefined;
    const late = new AbortController();
    const timer = end === undefined ? undefined : setTimeout(() => late.abort(), Math.max(0, end - now));
    const signal = AbortSignal.any([stop, late.signal]);
    try {
        if (end !== undefined && end <= now) late.abort();
        signal.throwIfAborted();
        if (opens(progress.stage, next)) await actions.answers(signal);
        await actions.bring(next, attempt, signal);
        return undefined;
    } catch (error) {
        if (error instanceof Locked) {
            actions.settle(progress);
            throw error;
        }
        if (stop.aborted) return String(stop.reason);
        if (!late.signal.aborted) return errorMessage(error);
        return `the time is over: only convert.returnMinutes, ${budget.returnMinutes}, are left of convert.budgetMinutes`;
    } finally {
        clearTimeout(timer);
    }
}

function stopped({ stack }: Job, { stage }: Progress, why: string): string {
    const run = (verb: string) => `npm run ops -- convert ${verb} --yes --stack ${stack}`;
    return `convert: stopped in phase ${stage} (${why}). Continue: ${run("run")}; or return to ${BEFORE}: ${run("abort")}`;
}

function human({ stack }: Job, next: Stage, why: string): string {
    return (
        `convert: a human is needed. The step back to ${next} has failed twice: ${why}. Correct this error, then continue the return: ` +
        `npm run ops -- convert abort --yes --stack ${stack}`
    );
}
