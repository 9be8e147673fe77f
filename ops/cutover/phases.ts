/**
 * The way from one Alpa to the one that replaces it on the same GPUs, as steps: a conversion, or an upgrade of the model.
 * Pure: what a step does is in the program.
 */

import { PHASES, stateOf, type Phase } from "../../components/opt/conversion-phases";

export { PHASES, type Phase };

/** Where a stack is before the first phase: option intra-a of a conversion, the old version of an upgrade. */
export type Before = "intra-a" | "old";

/** Where a stack is: before the first phase, or in one. */
export type Place = Before | Phase;

/** A number that rises on the way: 0 before the first phase. */
export function positionOf(place: Place): number {
    return PHASES.indexOf(place as Phase) + 1;
}

export type Direction = "forward" | "back";

/** One `pulumi up` from a place to its neighbour; or to the same place again, after one that failed half-way. */
export interface Step {
    direction: Direction;
    to: Place;
}

/** What an operator reads of a step. */
export interface StepDescription {
    does: string;
    /** What it waits for, for the longest part of its time. */
    waitsFor: string;
}

/** Name for the recorded time of a step: `start`, `back to drain`. */
export function nameOf({ direction, to }: Step): string {
    return direction === "forward" ? to : `back to ${to}`;
}

/** Whether callers get 503 in a place. */
export function isDown(place: Place): boolean {
    return positionOf(place) > 0 && stateOf(place as Phase).callers === "nowhere";
}

/** Whether it begins the time in which callers get 503. */
export function opensWindow({ direction, to }: Step): boolean {
    return direction === "forward" ? to === "drain" : to === "start";
}

/** Whether it ends the time in which callers get 503. */
export function closesWindow({ direction, to }: Step): boolean {
    return direction === "forward" ? to === "switch" : to === "prepare";
}

/** What callers notice while a step runs. */
export function whatIsDown(step: Step): string {
    return isDown(step.to) || closesWindow(step) ? "callers get 503" : "nothing";
}

/** Steps that are left to the end. */
export function forwardFrom(place: Place): Step[] {
    return PHASES.slice(positionOf(place)).map((to) => ({ direction: "forward", to }));
}

/** Steps of a cutover that begins: it includes `prepare`, which records the answers of the old service. */
export function forwardAnew(place: Place): Step[] {
    return [...(place === "prepare" ? [{ direction: "forward", to: place } as Step] : []), ...forwardFrom(place)];
}

/**
 * Steps of a return. There `start` and `verify` are one step, since only the questions differ.
 * @param place the one that was reached last
 * @param halfWay whether a step to another place has begun: then the reached place is applied again first, since the
 * steps of a return are defined only from a reached place
 */
export function backFrom(place: Place, halfWay: boolean, before: Before): Step[] {
    const left = [before, ...PHASES]
        .slice(0, positionOf(place))
        .filter((to) => to !== (place === "verify" ? "start" : "verify"));
    return [...(halfWay ? [place] : []), ...left.reverse().filter((to) => to !== "verify")].map((to) => ({
        direction: "back",
        to,
    }));
}
