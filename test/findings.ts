/** Findings of a review, in the form that tests compare. */
import { strict as assert } from "node:assert";
import type { Finding } from "../ops/stack/review/finding";
import { readPreview, type ResourceState, type Step } from "../ops/stack/review/preview";
import { reviewOf } from "../ops/stack/review/review";
import type { Recording } from "./recorded/recording";

/** Findings for the output of `pulumi preview --json`. */
function findingsIn(text: string, today = new Date()): Finding[] {
    const preview = readPreview(text, "preview", "test");
    return reviewOf(preview, today, { resources: unchangedIn(preview.steps) }).findings;
}

const typesIn = (urn: string) => urn.split("::")[2].split("$");

/**
 * The components that a preview lacks, because they do not change. Recordings have no state, but the URN of such a component
 * has the types of the components above it, of which a stack has one each.
 */
function unchangedIn(steps: Step[]): ResourceState[] {
    const changed = new Map(steps.map(({ urn }) => [typesIn(urn).at(-1)!, urn]));
    const parents = steps.flatMap(({ newState, oldState }) => (newState ?? oldState)?.parent ?? []);
    return parents
        .filter((urn) => !steps.some((step) => step.urn === urn))
        .map((urn) => {
            const [type, ...above] = typesIn(urn).reverse();
            return { urn, type, parent: above.map((one) => changed.get(one)).find((one) => one !== undefined) };
        });
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
