/** The way between option intra-a and option intra-b, as steps. Pure: what a step does is in the program. */

import { BEFORE, PHASES, stateOf, type Phase, type Stage } from "../../components/opt/conversion-phases";

export { PHASES, type Phase };

/** Where a stack is: option intra-a, or option intra-b in a phase. */
export type Place = Stage;
export const PLACES: readonly Place[] = [BEFORE, ...PHASES];

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

const FORWARD: Record<Phase, StepDescription> = {
    prepare: {
        does: "operator, component that is not running, images and weights on its nodes; bare metal's answers are recorded",
        waitsFor: "images pulled and volumes bound on every node",
    },
    drain: { does: "new requests get 503 with Retry-After", waitsFor: "the gateway to refuse new requests" },
    stop: {
        does: "running answers end, and bare metal is stopped over SSH",
        waitsFor: "running answers to end, and the GPUs of every host to be free",
    },
    start: { does: "the component runs", waitsFor: "the model to be loaded in the component" },
    verify: {
        does: "the component is asked what bare metal was asked",
        waitsFor: "the same answers as bare metal's, soon enough",
    },
    switch: { does: "callers' routes lead to the component", waitsFor: "a caller's request to be answered" },
    done: { does: "bare metal does not start at boot any more", waitsFor: "the hosts to confirm it" },
};

const BACK: Record<Exclude<Place, "done">, StepDescription> = {
    switch: { does: "bare metal starts at boot again", waitsFor: "the hosts to confirm it" },
    verify: { does: "the component is kept from callers", waitsFor: "the gateway to refuse new requests" },
    start: { does: "new requests get 503 with Retry-After", waitsFor: "the gateway to refuse new requests" },
    stop: {
        does: "running answers end, and the component is suspended",
        waitsFor: "running answers to end, its pods to be gone and the GPUs to be free",
    },
    drain: { does: "bare metal is started by its own command", waitsFor: "the model to be loaded on bare metal" },
    prepare: { does: "callers' routes lead to bare metal", waitsFor: "a caller's request to be answered" },
    "intra-a": { does: "component and operator are removed", waitsFor: "the objects to be gone" },
};

export function describeStep({ direction, to }: Step): StepDescription {
    if (direction === "forward") return FORWARD[to as Phase];
    return BACK[to as keyof typeof BACK];
}

/** Under which a step's time is kept: `start`, `back to drain`. */
export function nameOf({ direction, to }: Step): string {
    return direction === "forward" ? to : `back to ${to}`;
}

/** Whether callers get 503 in a place. */
export function isDown(place: Place): boolean {
    return place !== BEFORE && stateOf(place).callers === "nowhere";
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

/** Steps that are left to option intra-b. */
export function forwardFrom(place: Place): Step[] {
    return PLACES.slice(PLACES.indexOf(place) + 1).map((to) => ({ direction: "forward", to }));
}

/** Steps to option intra-b of a conversion that begins: from `prepare` on too it has to record bare metal's answers. */
export function forwardAnew(place: Place): Step[] {
    return [...(place === "prepare" ? [{ direction: "forward", to: place } as Step] : []), ...forwardFrom(place)];
}

/**
 * Steps that lead back to option intra-a. On the way back `start` and `verify` are one: nothing differs but what was asked.
 * @param place the one that was reached last
 * @param halfWay whether a step to another place has begun: then the reached place is brought about once more, since
 *   only from there every single step back is known
 */
export function backFrom(place: Place, halfWay: boolean): Step[] {
    const left = PLACES.slice(0, PLACES.indexOf(place)).filter(
        (to) => to !== (place === "verify" ? "start" : "verify"),
    );
    return [...(halfWay ? [place] : []), ...left.reverse().filter((to) => to !== "verify")].map((to) => ({
        direction: "back",
        to,
    }));
}
