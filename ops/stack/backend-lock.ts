import { Failure } from "../errors";
import type { Stack } from "./stack";

/** What backends say when another update runs: Pulumi's own, and the service's. */
const LOCKED = /the stack is currently locked by.*|Another update is currently in progress.*/;

/** Their words; undefined when there is no lock. */
export function lockedBy(output: string): string | undefined {
    return LOCKED.exec(output)?.[0];
}

/** Of a run that was refused before it began; undefined when there is no lock. @param so what it means, a sentence */
export function lockFailure({ short }: Pick<Stack, "short">, output: string, so?: string): Failure | undefined {
    const lock = lockedBy(output);
    if (lock === undefined) return undefined;
    const explanation = so === undefined ? "" : `${so} `;
    return new Failure(
        `${short}: must not be locked by another run (${lock}). ${explanation}Wait for it to end; if it was killed, run: pulumi cancel -s ${short}`,
    );
}

/** What is so when a run that would have changed something met a lock. */
export const NOTHING_CHANGED = "Nothing was changed.";
