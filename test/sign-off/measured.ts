/**
 * Figures of the pages below docs/reference/sign-off. Tests that have callers while something is done write them, where
 * ALPA_AUTH_MEASURE is set; nothing else does, so that no figure is without the test that measured it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EVENTS, type SignedOption } from "./events";

/** Its path is in docs/reference/sign-off too, as the source of the figures. */
export const MEASURED = join(__dirname, "../../docs/reference/sign-off/measured.json");

export interface Figures {
    /** Requests that callers sent meanwhile. */
    requests: number;
    /** Those that were answered with anything but 200, or not at all. */
    failed: number;
    /** What else was measured, in seconds of the machine that ran the test, by what it is. */
    seconds?: Record<string, number>;
    /** Day of the run (UTC). */
    on: string;
    /** The test file that measured it. */
    by: string;
}

type All = Partial<Record<SignedOption, Record<string, Figures>>>;

export function readMeasured(file = MEASURED): All {
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as All) : {};
}

/** Writes what was measured of an event in the place of the figures of an earlier run. */
export function measured(
    option: SignedOption,
    event: string,
    figures: Pick<Figures, "requests" | "failed" | "seconds">,
    { file = MEASURED, asked = process.env.ALPA_AUTH_MEASURE, now = new Date() } = {},
): void {
    const by = EVENTS[option][event]?.measuredBy;
    if (by === undefined) throw new Error(`test/sign-off/events.ts: ${option} has no event ${event} that is measured`);
    if (!asked) return;
    const all = readMeasured(file);
    const own = { ...all[option], [event]: { ...figures, on: now.toISOString().slice(0, 10), by } };
    const sorted = Object.fromEntries(
        Object.entries({ ...all, [option]: Object.fromEntries(Object.entries(own).sort()) }).sort(),
    );
    writeFileSync(file, `${JSON.stringify(sorted, undefined, 2)}\n`);
}
