/** Time of what is emulated: tests make its seconds shorter. */
import { pause } from "../processes";

export interface Clock {
    /** How long a second lasts, in seconds. */
    secondLasts: number;
}

export const REAL_TIME: Clock = { secondLasts: 1 };

export function milliseconds({ secondLasts }: Clock, seconds: number): number {
    return seconds * secondLasts * 1000;
}

/** Resolves after so many of its seconds, or at once when the signal is aborted. */
export function elapse(clock: Clock, seconds: number, signal?: AbortSignal): Promise<void> {
    return pause(milliseconds(clock, seconds), signal);
}
