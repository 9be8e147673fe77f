/**
 * Figures of the pages below docs/reference/sign-off. Tests that send requests as callers write them if
 * ALPA_AUTH_MEASURE is set. Each figure names its test.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EVENTS, type SignedOption } from "./events";

/** docs/reference/sign-off names this path too, as the source of the figures. */
const MEASURED = join(__dirname, "../../docs/reference/sign-off/measured.json");

export interface Figures {
    /** Number of requests during the event. */
    requests: number;
    /** Number of requests without an answer, or with a status other than 200. */
    failed: number;
    /** Other measurements by name, in seconds on the machine that ran the test. */
    seconds?: Record<string, number>;
    /** Day of the run (UTC). */
    on: string;
    /** Path of the test file that measured the event. */
    by: string;
}

type All = Partial<Record<SignedOption, Record<string, Figures>>>;

export function readMeasured(file = MEASURED): All {
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as All) : {};
}

/** Replaces the figures of an event with new ones. */
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
