/** The tests of every set of recorded previews, with the expected findings of each. */
import { strict as assert } from "node:assert";
import { isDeepStrictEqual } from "node:util";
import { policyFindings } from "../../../../../../ops/stack/review/policies";
import { readPreview, type Step } from "../../../../../../ops/stack/review/preview";
import { assertCodes, findingsOf } from "../../../../../findings";
import { read } from "../../../../../recorded/recording";
import { recordProgram } from "../../../../kit/program";

/** Expected severity and code of each finding by the name of the change, the most dangerous first. */
export type Expected = Record<string, string[]>;

/** Resources by type and name. */
const resource = (type: string, name: string) => `${type} ${name}`;

const namesOf = (steps: Step[]) =>
    steps.flatMap(({ urn, oldState }) => (oldState?.custom ? [resource(oldState.type, urn.split("::").at(-1)!)] : []));

/** @param breaks rules of the policy pack that previews of the set break on purpose, as part of the recorded change */
export function recordedSet(set: string, expected: Expected, breaks: string[] = []): void {
    describe(`review of recorded previews: ${set}`, () => {
        const recording = read(set);
        for (const [what, codes] of Object.entries(expected))
            it(`reports for ${what}: ${codes.join(", ") || "no finding"}`, () =>
                assertCodes(findingsOf(recording, what), codes));

        it(`reports no broken rule of the policy pack${breaks.length > 0 ? `, except ${breaks.join(", ")}` : ""}`, () => {
            const broken = Object.values(recording).flatMap((preview) => {
                const read = readPreview(JSON.stringify(preview), "preview");
                return policyFindings(read, undefined, [], new Date(preview.made.date), undefined).map(
                    ({ says }) => says,
                );
            });
            const rules = broken.map((says) => /^Rule (\S+) /.exec(says)?.[1] ?? says);
            assert.deepEqual([...new Set(rules)], breaks, broken.join("\n"));
        });

        it("has each expected preview, with its date and the versions of Pulumi and the program", () => {
            assert.deepEqual(Object.keys(recording).sort(), Object.keys(expected).sort());
            for (const { made } of Object.values(recording)) {
                assert.match(made.date, /^\d{4}-\d\d-\d\d$/);
                assert.match(made.pulumi, /^v\d+\.\d+\.\d+/);
                assert.match(made.program, /^[0-9a-f]{40}$/);
            }
        });

        it("has no resource that the program no longer creates", async () => {
            const [first] = Object.values(recording).filter(({ before }) => Object.keys(before).length > 0);
            const now = await recordProgram(first.before, new Date(first.made.date));
            const names = new Set(now.map(({ type, name }) => resource(type, name)));
            const same = Object.values(recording).filter(({ before }) => isDeepStrictEqual(before, first.before));
            const gone = same.flatMap(({ steps }) => namesOf(steps)).filter((name) => !names.has(name));
            assert.deepEqual(
                [...new Set(gone)],
                [],
                `recorded from ${first.made.program}. Record them again: npm run record`,
            );
        });
    });
}
