/**
 * Runs the steps of a conversion, and returns after a failure or when time runs out. All effects are in {@link Actions}.
 */
import { errorMessage } from "../../errors";
import type { Answer } from "../service/answers";
import type { Event, Outcome } from "../audit";
import { duration, expectedOf, latestEnd, longestBack, LOOK_AGAIN_SECONDS, mustReturn, type Budget } from "../clock";
import type { Actions, Orders, Proof, Result } from "./interfaces";
import { StepInterruption, within } from "./interrupt";
import {
    BEFORE,
    closesWindow,
    isDown,
    nameOf,
    opensWindow,
    PHASES,
    positionOf,
    type Place,
    type Step,
} from "../phases";
import { backPath, type ConversionProgress } from "../state";

/** How often step `done` and each step back are tried, because the cause of a failure may be temporary. */
const TRIES = 2;

export class ConversionRunner {
    private reached: Place;
    private asked: Place;
    private downSince: number | undefined;
    private downSeconds: number;
    private answers: Answer[] | undefined;
    /** Whether the record has the event `return`. */
    private returning: boolean;

    constructor(
        private readonly progress: ConversionProgress,
        private readonly budget: Budget,
        private readonly actions: Actions,
        private readonly orders: Orders,
    ) {
        ({ reached: this.reached, asked: this.asked, downSince: this.downSince } = progress);
        this.returning = progress.direction === "back";
        ({ downSeconds: this.downSeconds, answers: this.answers } = progress);
    }

    /** Continues from the current place, forward or back. */
    async go(): Promise<Result> {
        const { direction, next, why } = this.progress;
        if (direction === "back") return this.back(next, why);
        if (this.orders.back.aborted && !this.orders.stop.aborted) return this.turn(String(this.orders.back.reason));
        for (const step of next) {
            for (let tries = 1; ; tries++) {
                const { back, stop } = this.orders;
                if (stop.aborted) return this.stopped(String(stop.reason));
                const reason = this.reasonToReturn(step);
                if (reason !== undefined) return this.turn(reason);
                const failure = await this.take(step);
                if (failure === undefined) break;
                if (stop.aborted) return this.stopped(failure);
                if (step.to !== "done" || back.aborted) return this.turn(`${nameOf(step)}: ${failure}`);
                if (tries === TRIES) return this.withoutDone(failure, step);
            }
        }
        return this.end("converted");
    }

    /** Handles a failure of `done`. The component stays if callers are served. If not, the conversion is rolled back. */
    private async withoutDone(failure: string, step: Step): Promise<Result> {
        const { actions, orders, budget } = this;
        try {
            const both = [orders.back, orders.stop];
            const served = await within(actions, both, budget.lookSeconds, (signal) => actions.serves(signal));
            actions.record({ event: "serves", said: served });
            await this.lookAgain();
            return { ...this.end("human", failure, step), served };
        } catch (error) {
            const why = `${nameOf(step)}: ${failure}`;
            if (orders.stop.aborted) return this.stopped(why);
            if (orders.back.aborted) return this.turn(why);
            return this.turn(`${why}; and callers are not served by the component: ${errorMessage(error)}`);
        }
    }

    /** Why a forward step must not begin; undefined if it may. */
    private reasonToReturn({ to }: Step): string | undefined {
        if (this.orders.back.aborted) return String(this.orders.back.reason);
        // If the stack has already reached this phase, the step only verifies it.
        const before = to === this.reached ? to : (PHASES[positionOf(to) - 2] ?? BEFORE);
        if (positionOf(to) >= positionOf("stop") && to !== "done" && this.answers === undefined)
            return "bare metal's answers were not recorded, so the new answers could not be compared";
        if (isDown(before) && this.downSince === undefined) return "it is not known since when callers get 503";
        if (!mustReturn(before, this.elapsed(), this.budget)) return undefined;
        return `${duration(this.elapsed())} of ${duration(this.budget.seconds)} have passed: too little time is left for the next steps and, if one fails, for the rollback`;
    }

    private elapsed(): number {
        return this.downSince === undefined ? 0 : (this.actions.now() - this.downSince) / 1000;
    }

    /** Runs a step. @returns why it failed, if it did */
    private async take(step: Step): Promise<string | undefined> {
        const { actions } = this;
        const { direction, to } = step;
        const name = { step: nameOf(step), direction, to };
        const began = actions.now();
        const unbegun = this.record(step, { event: "step", ...name });
        if (unbegun !== undefined) return unbegun;
        if (opensWindow(step)) this.downSince ??= began;
        const { interruption, latestEnd } = this.interruptionOf(step, began);
        const expectedSeconds = expectedOf(step, this.budget.expected);
        actions.show({ step, began, expectedSeconds, latestEnd, downSince: this.downSince });
        this.asked = to;
        let failure: string | undefined;
        let proof: Proof = {};
        try {
            await actions.bring(step, interruption.signal);
            this.reached = to;
            const { lookSeconds } = this.budget;
            interruption.atInstant(
                actions.now() + lookSeconds * 1000,
                `the check of this step did not end in ${duration(lookSeconds)}`,
            );
            proof = await interruption.race(actions.prove(step, this.answers, interruption.signal));
        } catch (error) {
            failure = interruption.signal.aborted ? String(interruption.signal.reason) : errorMessage(error);
        } finally {
            interruption.end();
            actions.show(undefined);
        }
        if (proof.answers !== undefined) {
            this.answers = proof.answers;
            failure ??= this.record(step, { event: "answers", answers: proof.answers });
        }
        const now = actions.now();
        const outcome = failure === undefined ? "done" : "failed";
        const said = failure ?? proof.said;
        const unended = this.record(step, {
            event: "step-end",
            ...name,
            outcome,
            seconds: (now - began) / 1000,
            ...(said ? { said } : {}),
        });
        if (failure === undefined && closesWindow(step) && this.downSince !== undefined) {
            this.downSeconds += (now - this.downSince) / 1000;
            this.downSince = undefined;
            // Callers are served now. If only the record could not be written, a rollback would give them 503 for nothing.
            return undefined;
        }
        return failure ?? unended;
    }

    /** @returns why the event could not be written, which fails a forward step. A step of a rollback runs without a record. */
    private record({ direction }: Step, event: Event): string | undefined {
        const unwritten = this.actions.record(event);
        return direction === "forward" ? unwritten : undefined;
    }

    /** Interruptions of a step: an order, or its latest end. */
    private interruptionOf(step: Step, began: number): { interruption: StepInterruption; latestEnd?: number } {
        const { actions, orders, budget } = this;
        const interruption = new StepInterruption((instant, call) => actions.at(instant, call));
        const forward = step.direction === "forward";
        for (const order of forward ? [orders.back, orders.stop] : [orders.stop]) interruption.onOrder(order);
        const limit = forward ? latestEnd(step, budget) : undefined;
        const end = limit === undefined ? undefined : this.downSince! + limit * 1000;
        if (end !== undefined)
            interruption.atInstant(
                end,
                `the step did not end within ${duration(limit!)} of the first 503, after which the budget is too short for a rollback`,
            );
        const longest = longestBack(step, budget);
        if (!forward)
            interruption.atInstant(
                began + longest * 1000,
                `the step has run for ${duration(longest)}, longer than all timeouts in the step together`,
            );
        return { interruption, latestEnd: end };
    }

    /** Begins the rollback of a conversion that went forward. */
    private async turn(why: string): Promise<Result> {
        this.actions.record({ event: "return", why });
        this.returning = true;
        await this.lookAgain();
        return this.back(backPath(this.reached, this.asked), why);
    }

    /** Reads from the stack which phase it has reached, because a failed step may still have reached its phase. */
    private async lookAgain(): Promise<void> {
        const { actions, orders } = this;
        const reading = within(actions, [orders.stop], LOOK_AGAIN_SECONDS, (signal) => actions.readPlaces(signal));
        const now = await reading.catch(() => undefined);
        // If the outputs cannot be read, the last known phase is kept. The stack is never in an earlier phase.
        if (now !== undefined) ({ reached: this.reached, asked: this.asked } = now);
    }

    private async back(steps: Step[], why?: string): Promise<Result> {
        for (const step of steps)
            for (let tries = 1; ; tries++) {
                if (this.orders.stop.aborted) return this.stopped(String(this.orders.stop.reason));
                const failure = await this.take(step);
                if (failure === undefined) break;
                if (this.orders.stop.aborted) return this.stopped(failure);
                if (tries < TRIES) continue;
                await this.lookAgain();
                return this.end("human", failure, step);
            }
        return this.end("returned", why);
    }

    private stopped(why: string): Result {
        const { back } = this.orders;
        // A process that continues this conversion must continue its rollback.
        if (back.aborted && !this.returning) this.actions.record({ event: "return", why: String(back.reason) });
        return { outcome: "stopped", place: this.reached, downSeconds: this.downSeconds + this.elapsed(), why };
    }

    private end(outcome: Outcome, why?: string, failed?: Step): Result {
        const downSeconds = this.downSeconds + this.elapsed();
        const { reached: place } = this;
        this.actions.record({ event: "end", outcome, place, downSeconds, ...(why === undefined ? {} : { said: why }) });
        return { outcome, place, downSeconds, ...(why === undefined ? {} : { why }), ...(failed ? { failed } : {}) };
    }
}
