/** What backends say when another update runs: Pulumi's own, and the service's. */
const LOCKED = /the stack is currently locked by.*|Another update is currently in progress.*/;

/** Their words; undefined when there is no lock. */
export function lockedBy(output: string): string | undefined {
    return LOCKED.exec(output)?.[0];
}
