/** Writes the state of a stack's conversion, which each run of the program reads. */
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { conversionStateFile, type ConversionState } from "../../../config/conversion-state";
import { replace } from "../../stack/file-edit";
import type { Expected } from "../clock";

/** How long the lock is valid without further heartbeats, in minutes. */
const HELD_MINUTES = 120;

/**
 * Returns the state to write before a step begins.
 * @param name name of the lock holder
 * @param releases whether the step is the last one, which releases the lock
 * @param times new measured times
 */
export function stateInStep(
    before: ConversionState,
    name: string,
    { releases }: { releases: boolean },
    times: Expected,
): ConversionState {
    const until = new Date(Date.now() + (releases ? 0 : HELD_MINUTES) * 60_000);
    const measured = { ...before.measured, ...times };
    return {
        holder: { name, until: until.toISOString().replace(/\.\d+Z$/, "Z") },
        ...(Object.keys(measured).length > 0 && { measured }),
    };
}

/** Writes the file, or removes it if nothing is left. */
export function writeConversionState(folder: string, stack: string, state: ConversionState): void {
    const file = conversionStateFile(folder, stack);
    if (Object.keys(state).length === 0) return rmSync(file, { force: true });
    mkdirSync(dirname(file), { recursive: true });
    replace(file, `${JSON.stringify(state, null, 4)}\n`);
}
