/** The table of the remaining steps, with their times. */
import { table } from "../output";
import { duration, expectedOf, needed, remainingForward, returnFrom, wholeReturn } from "./clock";
import { descriptionOf } from "./descriptions";
import { nameOf, whatIsDown, type Direction, type Step } from "./phases";
import type { FoundConversion } from "./read-state";

interface StepRow {
    step: string;
    does: string;
    callers: string;
    expectedSeconds: number;
    measured: boolean;
    /** Time of the rollback from the end of this step until bare metal serves callers again, in seconds. */
    returnSeconds: number;
}

export function rowOf(step: Step, { budget: { expected }, measured }: FoundConversion): StepRow {
    return {
        step: nameOf(step),
        does: descriptionOf(step).does,
        callers: whatIsDown(step) === "nothing" ? "served" : "get 503",
        expectedSeconds: expectedOf(step, expected),
        measured: nameOf(step) in measured,
        returnSeconds: step.direction === "forward" ? returnFrom(step.to, expected) : 0,
    };
}

export function drawn(rows: StepRow[]): string {
    const back = (row: StepRow) => (row.returnSeconds > 0 ? duration(row.returnSeconds) : "");
    return table(
        ["step", "what happens", "callers", "expected", "measured", "rollback from there"],
        rows.map((row) => [
            ...[row.step, row.does, row.callers, duration(row.expectedSeconds)],
            ...[row.measured ? "yes" : "no", back(row)],
        ]),
        "what happens",
    );
}

/** @param direction `back` if the conversion is only rolled back to bare metal */
export function timesOf({ progress, budget: { seconds, expected } }: FoundConversion, direction: Direction) {
    return {
        budgetSeconds: seconds,
        downSeconds:
            direction === "back" ? returnFrom(progress.reached, expected) : remainingForward("prepare", expected),
        wholeReturnSeconds: wholeReturn(expected),
    };
}

/**
 * Says how a new conversion affects callers.
 * @param direction `back` if the conversion is only rolled back to bare metal
 */
export function noticed(found: FoundConversion, direction: Direction): string[] {
    const { budget } = found;
    const { downSeconds, wholeReturnSeconds } = timesOf(found, direction);
    const lines = [`Callers get 503 for about ${duration(downSeconds)}; the budget is ${duration(budget.seconds)}.`];
    if (direction === "back") return lines;
    const spare = budget.seconds - needed(budget.expected);
    return [
        ...lines,
        `The longest rollback takes ${duration(wholeReturnSeconds)}. If the steps together take ${duration(spare)} longer than expected, the conversion rolls back by itself.`,
    ];
}
