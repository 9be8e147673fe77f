/**
 * Computes how long steps take, and until when a conversion can go forward and still have time to roll back to bare metal
 * within the budget. The functions are pure. All durations are in seconds.
 */
import { INTERRUPT_SECONDS } from "../stack/pulumi";
import {
    backFrom,
    closesWindow,
    forwardFrom,
    isDown,
    nameOf,
    PHASES,
    type Departure,
    type Place,
    type Step,
} from "./phases";

/** Expected time of a step, by {@link nameOf}. */
export type Expected = Record<string, number>;

/** Longest time for reading the outputs after a failure. It is short, since the rollback begins only afterwards. */
export const LOOK_AGAIN_SECONDS = 60;

/**
 * Longest time from the interruption of a step to the first step of the rollback: Pulumi ends, and the outputs are read.
 */
export const TURN_SECONDS = INTERRUPT_SECONDS + LOOK_AGAIN_SECONDS;

export interface Budget {
    seconds: number;
    expected: Expected;
    /** Sum of the program's own timeouts in a step, in seconds. A step of a rollback is never interrupted before this time. */
    patienceSeconds: number;
    /** Longest time for verifying a step, in seconds; the same for steps with and without 503s. */
    lookSeconds: number;
}

/** Expected time of one step. */
export function expectedOf(step: Step, expected: Expected): number {
    return expected[nameOf(step)] ?? 0;
}

function sum(steps: Step[], expected: Expected): number {
    return steps.reduce((total, step) => total + expectedOf(step, expected), 0);
}

/** Steps up to and including the one that ends the 503s. */
function untilServed(steps: Step[]): Step[] {
    const last = steps.findIndex(closesWindow);
    return last < 0 ? [] : steps.slice(0, last + 1);
}

/** Expected time of the remaining forward steps until the 503s end. Step `prepare` does not count: it causes no 503s. */
export function remainingForward(place: Place, expected: Expected): number {
    const steps = untilServed(forwardFrom(place)).filter(({ to }) => to !== "prepare");
    return sum(steps, expected);
}

/**
 * Expected time of a rollback to bare metal, in the worst case: the longest of all cases in which a step with 503s, or
 * its verification, fails.
 */
export function wholeReturn(expected: Expected): number {
    const failing = untilServed(forwardFrom("prepare")).map(({ to }) => to);
    const ways = failing.flatMap((to, i) => [
        returnFrom(PHASES[i], expected, { isHalfWay: true }),
        returnFrom(to, expected),
    ]);
    return Math.max(...ways);
}

/** Expected time of the steps back to bare metal, until the 503s end. @param place phase in which the rollback begins */
export function returnFrom(place: Place, expected: Expected, departure: Departure = {}): number {
    // The last step back leaves the first phase. It does not count, because the 503s have ended before it.
    const steps = untilServed(backFrom(place, departure));
    // From `done` the rollback begins with `switch`, in which callers are still served, so this step is not counted.
    return sum(place === "done" ? steps.filter(({ to }) => to !== "switch") : steps, expected);
}

/** Longest time with 503s: all forward steps, a change of direction after the last one, and the whole rollback. */
export function needed(expected: Expected): number {
    return remainingForward("prepare", expected) + TURN_SECONDS + wholeReturn(expected);
}

/** How long callers get 503 if the operator requests bare metal again after `done`. */
export function neededBack(expected: Expected): number {
    return returnFrom("done", expected);
}

/**
 * Whether the conversion must roll back now, because after a failure of the last step no time would be left for the rollback.
 * @param elapsed seconds for which callers have got 503; 0 while they do not
 */
export function mustReturn(place: Place, elapsed: number, { seconds, expected }: Budget): boolean {
    if (!isDown(place) && remainingForward(place, expected) === 0) return false;
    return elapsed + remainingForward(place, expected) + TURN_SECONDS + wholeReturn(expected) > seconds;
}

/**
 * Deadline of a forward step, in seconds after callers got the first 503. If the step ends by then, the budget is
 * sufficient for the next steps, a change of direction and the whole rollback. Undefined for steps without 503s.
 */
export function latestEnd({ to }: Step, { seconds, expected }: Budget): number | undefined {
    if (!isDown(to) && to !== "switch") return undefined;
    return seconds - remainingForward(to, expected) - TURN_SECONDS - wholeReturn(expected);
}

/** A step of a rollback may take this many times its expected time. */
const SLOWER_BACK = 3;

/**
 * Seconds after which a step of a rollback is interrupted. The limit is only for steps that hang, so that they are repeated
 * or reported. A slow step is not interrupted, because it may still succeed.
 */
export function longestBack(step: Step, { expected, patienceSeconds }: Budget): number {
    return Math.max(SLOWER_BACK * expectedOf(step, expected), patienceSeconds);
}

/** Time of a verification besides waiting in Alpa's queue, in seconds: for a few tokens, and for reading the stack's outputs. */
const SHORT_SECONDS = 300;

/**
 * Longest time for verifying a step, in seconds. The verifier sends each question twice. Both may wait in Alpa's queue, each
 * for one batch of long answers.
 */
export function longestLook(answerSeconds: number): number {
    return 2 * answerSeconds + SHORT_SECONDS;
}

/** `4:05`, `1:02:03`. */
export function duration(seconds: number): string {
    const whole = Math.max(0, Math.round(seconds));
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (n: number) => String(n).padStart(2, "0");
    return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
