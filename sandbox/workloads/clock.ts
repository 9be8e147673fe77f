/** Clock of the emulators, which tests accelerate. */
import { pause } from "../processes";

export interface Clock {
    /** Real seconds that one second of this clock takes. */
    secondLasts: number;
}

export const REAL_TIME: Clock = { secondLasts: 1 };

export function milliseconds({ secondLasts }: Clock, seconds: number): number {
    return seconds * secondLasts * 1000;
}

/** Resolves after `seconds` of the clock, or at once when the signal is aborted. */
export function elapse(clock: Clock, seconds: number, signal?: AbortSignal): Promise<void> {
    return pause(milliseconds(clock, seconds), signal);
}
