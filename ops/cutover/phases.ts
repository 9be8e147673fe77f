/**
 * The steps from an old Alpa service to the new one on the same GPUs, in a conversion or an upgrade of the model. Pure: the
 * Pulumi program carries the steps out.
 */

import { PHASES, stateOf, type Phase } from "../../components/opt/conversion-phases";

export { PHASES, type Phase };

/** Where a stack is before the first phase: option intra-a in a conversion, the old version in an upgrade. */
export type Before = "intra-a" | "old";

/** Where a stack is in a cutover: before the first phase, or in a phase. */
export type Place = Before | Phase;

/** Target of a cutover: the option or version of the old service, or that of the new service. */
export type Target = Before | "intra-b" | "new";

/** Number of a phase in forward order, from 1; 0 for the state before the first phase. */
export function positionOf(place: Place): number {
    return PHASES.indexOf(place as Phase) + 1;
}

export type Direction = "forward" | "back";

/** One `pulumi up`. It moves the stack to the next phase in its direction, or repeats a phase that has failed. */
export interface Step {
    direction: Direction;
    to: Place;
}

/** Texts about a step for the operator. */
export interface StepDescription {
    does: string;
    /** What the step waits for during most of its time, as the end of a sentence that begins with "waits until". */
    waitsFor: string;
}

/** Name for the recorded time of a step: `start`, `back to drain`. */
export function nameOf({ direction, to }: Step): string {
    return direction === "forward" ? to : `back to ${to}`;
}

/** Whether callers get 503 while the stack is in this phase. */
export function isDown(place: Place): boolean {
    return positionOf(place) > 0 && stateOf(place as Phase).callers === "nowhere";
}

/** Whether the 503s begin with a step. */
export function opensWindow({ direction, to }: Step): boolean {
    return direction === "forward" ? to === "drain" : to === "start";
}

/** Whether the 503s end with a step. */
export function closesWindow({ direction, to }: Step): boolean {
    return direction === "forward" ? to === "switch" : to === "prepare";
}

/** Effect on callers while a step runs. */
export function whatIsDown(step: Step): string {
    return isDown(step.to) || closesWindow(step) ? "callers get 503" : "nothing";
}

/** Forward steps that remain after this phase. */
export function forwardFrom(place: Place): Step[] {
    return PHASES.slice(positionOf(place)).map((to) => ({ direction: "forward", to }));
}

/** Forward steps of a new cutover, always with `prepare`, which records the answers of the old service. */
export function forwardAnew(place: Place): Step[] {
    return [...(place === "prepare" ? [{ direction: "forward", to: place } as Step] : []), ...forwardFrom(place)];
}

/** Where a rollback begins. */
export interface Departure {
    /**
     * Whether a step to another phase has begun and not ended. If so, the rollback first applies the last reached phase
     * again, because its steps can only begin in a phase that is completely reached. Default: false.
     */
    isHalfWay?: boolean;
}

/**
 * Steps back to the state before the first phase. A rollback has only one of the steps `start` and `verify`, because they
 * differ only in the verifier's questions.
 * @param place the last phase that the stack reached
 */
export function backFrom(place: Place, before: Before, { isHalfWay = false }: Departure = {}): Step[] {
    const left = [before, ...PHASES]
        .slice(0, positionOf(place))
        .filter((to) => to !== (place === "verify" ? "start" : "verify"));
    return [...(isHalfWay ? [place] : []), ...left.reverse().filter((to) => to !== "verify")].map((to) => ({
        direction: "back",
        to,
    }));
}
