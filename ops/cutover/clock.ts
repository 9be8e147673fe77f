/** How long steps take, and until when going on leaves time for the way back. Pure; durations in seconds. */
import { BREAK_OFF_SECONDS } from "../stack/pulumi";
import { backFrom, closesWindow, forwardFrom, isDown, nameOf, PHASES, type Place, type Step } from "./phases";

/** Expected time of a step, by {@link nameOf}. */
export type Expected = Record<string, number>;

/** Longest time for the outputs after a failure: callers wait for the way back. */
export const LOOK_AGAIN_SECONDS = 60;

/** Longest time from the instant at which a step is broken off to the first step back: Pulumi ends, and the outputs are read. */
export const TURN_SECONDS = BREAK_OFF_SECONDS + LOOK_AGAIN_SECONDS;

export interface Budget {
    seconds: number;
    expected: Expected;
    /** What the program itself waits for at most, in seconds: no step of the way back is broken off before. */
    patienceSeconds: number;
    /** Longest time of a look at what a step promises, in seconds: for steps that callers do not wait for, too. */
    lookSeconds: number;
}

/** Expected time of one step. */
export function expectedOf(step: Step, expected: Expected): number {
    return expected[nameOf(step)] ?? 0;
}

function sum(steps: Step[], expected: Expected): number {
    return steps.reduce((total, step) => total + expectedOf(step, expected), 0);
}

/** Steps up to the one that ends the 503s, with it. */
function untilServed(steps: Step[]): Step[] {
    const last = steps.findIndex(closesWindow);
    return last < 0 ? [] : steps.slice(0, last + 1);
}

/** Forward steps from a place that callers wait for: those outside of the 503s cost them nothing. */
export function remainingForward(place: Place, expected: Expected): number {
    const steps = untilServed(forwardFrom(place)).filter(({ to }) => to !== "prepare");
    return sum(steps, expected);
}

/**
 * The longest way back that a failure may need, whichever step of the 503s it is that fails, and whether half-way or in the look
 * at its end. With `switch` callers may have been let in: what they have begun is let end once more.
 */
export function wholeReturn(expected: Expected): number {
    const failing = untilServed(forwardFrom("prepare")).map(({ to }) => to);
    const ways = failing.flatMap((to, i) => [returnFrom(PHASES[i], true, expected), returnFrom(to, false, expected)]);
    return Math.max(...ways);
}

/** From a place back to what served before, as far as callers wait for it. */
export function returnFrom(place: Place, halfWay: boolean, expected: Expected): number {
    // The place before the first phase comes after the end of the 503s.
    const steps = untilServed(backFrom(place, halfWay, "old"));
    // From where callers are served, the first step back takes no caller's time.
    return sum(place === "done" ? steps.filter(({ to }) => to !== "switch") : steps, expected);
}

/** What all of it may take at most for callers: the way there, turning round at its very end, and all of the way back. */
export function needed(expected: Expected): number {
    return remainingForward("prepare", expected) + TURN_SECONDS + wholeReturn(expected);
}

/** What a return that was asked for takes of callers' time. */
export function neededBack(expected: Expected): number {
    return returnFrom("done", false, expected);
}

/**
 * Whether going on from a place would leave no time for the way back, should the last step fail.
 * @param elapsed seconds since callers get 503; 0 while they do not
 */
export function mustReturn(place: Place, elapsed: number, { seconds, expected }: Budget): boolean {
    if (!isDown(place) && remainingForward(place, expected) === 0) return false;
    return elapsed + remainingForward(place, expected) + TURN_SECONDS + wholeReturn(expected) > seconds;
}

/**
 * Seconds after the beginning of the 503s at which a forward step must have ended: what comes after it, turning round and
 * the whole way back must still fit. Undefined for steps that callers do not wait for.
 */
export function latestEnd({ to }: Step, { seconds, expected }: Budget): number | undefined {
    if (!isDown(to) && to !== "switch") return undefined;
    return seconds - remainingForward(to, expected) - TURN_SECONDS - wholeReturn(expected);
}

/** So many times as long as expected a step of the way back may take. */
const SLOWER_BACK = 3;

/**
 * Seconds after its begin at which a step of the way back is broken off. Breaking off gains callers nothing while it still may
 * end, so it is late: it is for what hangs, and would else never be tried again or shown to a human.
 */
export function longestBack(step: Step, { expected, patienceSeconds }: Budget): number {
    return Math.max(SLOWER_BACK * expectedOf(step, expected), patienceSeconds);
}

/** The other requests of a check are short: twelve tokens, and outputs of the stack. */
const SHORT_SECONDS = 300;

/**
 * Longest time of a look, in seconds. Its questions are short, but the first may wait for running answers, and what is asked
 * again to see it come twice for those of the next batch.
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
