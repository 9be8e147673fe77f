/** Findings of a review, in the form that tests compare. */
import { strict as assert } from "node:assert";
import type { Finding } from "../ops/stack/review/finding";
import { readPreview } from "../ops/stack/review/preview";
import { reviewOf } from "../ops/stack/review/review";
import type { Recording } from "./recorded/recording";

/** Findings for the output of `pulumi preview --json`. */
function findingsIn(preview: string, today = new Date()): Finding[] {
    return reviewOf(readPreview(preview, "preview"), today).findings;
}

/** Findings for a recorded preview, on the day of its recording. */
export function findingsOf(recording: Recording, what: string): Finding[] {
    assert.ok(recording[what], `no preview is recorded of: ${what}`);
    return findingsIn(JSON.stringify(recording[what]), new Date(recording[what].made.date));
}

/** `severity code` of each finding, without duplicates, the most dangerous first. */
export function codes(findings: Finding[]): string[] {
    return [...new Set(findings.map(({ severity, code }) => `${severity} ${code}`))];
}

/** @throws AssertionError that shows the findings and their evidence */
export function assertCodes(findings: Finding[], expected: string[]): void {
    assert.deepEqual(codes(findings), expected, JSON.stringify(findings, null, 1));
}
