/** What a review finds, as tests compare it. */
import { strict as assert } from "node:assert";
import type { Finding } from "../ops/review/finding";
import { readPreview } from "../ops/review/preview";
import { reviewOf } from "../ops/review/review";
import type { Recording } from "./recorded/recording";

/** Findings of what `pulumi preview --json` printed. */
export function findingsIn(preview: string, today = new Date()): Finding[] {
    return reviewOf(readPreview(preview, "preview"), today).findings;
}

/** The same of one that is recorded, on the day it was made. */
export function findingsOf(recording: Recording, what: string): Finding[] {
    assert.ok(recording[what], `no preview is recorded of: ${what}`);
    return findingsIn(JSON.stringify(recording[what]), new Date(recording[what].made.date));
}

/** `severity code` of each, the most dangerous first, every one once. */
export function codes(findings: Finding[]): string[] {
    return [...new Set(findings.map(({ severity, code }) => `${severity} ${code}`))];
}

/** @throws AssertionError that shows the findings, evidence and all */
export function assertCodes(findings: Finding[], expected: string[]): void {
    assert.deepEqual(codes(findings), expected, JSON.stringify(findings, null, 1));
}
