import { Failure } from "../errors";
import type { Stack } from "./stack";

/** Messages of Pulumi while another update runs: the first with the file backend, with user, host and time; the second with Pulumi Cloud. */
const LOCKED = /the stack is currently locked by.*(\n.*created by.*)?|Another update is currently in progress.*/;

/** The lock message; undefined if there is none. */
export function lockedBy(output: string): string | undefined {
    return LOCKED.exec(output)?.[0].replace(/\s+/g, " ");
}

/** Creates the error for a run of Pulumi that failed because another run holds the lock; undefined for other failures. */
export function lockFailure({ short }: Pick<Stack, "short">, output: string, so?: string): Failure | undefined {
    const lock = lockedBy(output);
    if (lock === undefined) return undefined;
    const explanation = so === undefined ? "" : `${so} `;
    return new Failure(
        `${short}: locked by another run (${lock}). ${explanation}Wait for it to end; if it was killed, run: pulumi cancel -s ${short}`,
    );
}

export const NOTHING_CHANGED = "Nothing was changed.";
