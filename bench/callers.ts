/** Invents the callers that a measurement creates. */

/** Ids of the credentials of each caller. */
export type Callers = Record<string, string[]>;

/** Callers with one key each. */
export function callers(count: number): Callers {
    const name = (i: number) => `team-${String(i).padStart(4, "0")}`;
    return Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), ["a"]]));
}

/** The consumer whose credential is rotated. */
export const ROTATED = "team-0000";

/** Adds a key to the caller {@link ROTATED}. */
export function rotated(all: Callers, id: string): Callers {
    return { ...all, [ROTATED]: [...all[ROTATED], id] };
}
