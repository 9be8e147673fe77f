/** The steps of a conversion, from bare metal to the component or back. Pure: the Pulumi program carries the steps out. */
import { BEFORE, PHASES, stateOf, type Phase, type Stage } from "../../components/opt/conversion-phases";

export { BEFORE, PHASES, type Phase };

/** Option of a stack after the last phase. */
export const TARGET = "intra-b";

/** Where a stack is in a conversion: before the first phase, or in a phase. */
export type Place = Stage;

/** Target of a conversion: the option that the stack then has. */
export type Target = typeof BEFORE | typeof TARGET;

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

/** Forward steps of a new conversion, always with `prepare`, which records the answers of bare metal. */
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
export function backFrom(place: Place, { isHalfWay = false }: Departure = {}): Step[] {
    const places: Place[] = [BEFORE, ...PHASES];
    const left = places.slice(0, positionOf(place)).filter((to) => to !== (place === "verify" ? "start" : "verify"));
    return [...(isHalfWay ? [place] : []), ...left.reverse().filter((to) => to !== "verify")].map((to) => ({
        direction: "back",
        to,
    }));
}
