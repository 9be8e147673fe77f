/** The tests of every set of recorded previews, with the expected findings of each. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { policyFindings } from "../../../../../../ops/stack/review/policies";
import { readPreview, type Step } from "../../../../../../ops/stack/review/preview";
import { assertCodes, findingsOf } from "../../../../../findings";
import { pathOf, read, textOf } from "../../../../../recorded/recording";
import { recordProgram } from "../../../../kit/program";

/** Expected severity and code of each finding by the name of the change, the most dangerous first. */
export type Expected = Record<string, string[]>;

/** Resources by type and name. */
const resource = (type: string, name: string) => `${type} ${name}`;

const DYNAMIC = "pulumi-nodejs:dynamic/alpa-auth:";

const namesOf = (steps: Step[]) =>
    steps.flatMap(({ urn, oldState }) => (oldState?.custom ? [resource(oldState.type, urn.split("::").at(-1)!)] : []));

export function recordedSet(set: string, expected: Expected): void {
    describe(`review of recorded previews: ${set}`, () => {
        const recording = read(set);
        for (const [what, codes] of Object.entries(expected))
            it(`reports for ${what}: ${codes.join(", ") || "no finding"}`, () =>
                assertCodes(findingsOf(recording, what), codes));

        it("reports no broken rule of the policy pack", () => {
            const broken = Object.values(recording).flatMap((preview) => {
                const read = readPreview(JSON.stringify(preview), "preview", "test");
                const resources = read.steps.flatMap(({ oldState }) => oldState ?? []);
                return policyFindings(read, { resources }, [], new Date(preview.made.date), undefined).map(
                    ({ says }) => says,
                );
            });
            // A preview has only what changes, so it may have a DNS record without its tunnel.
            const found = broken.filter((says) => !says.includes("must be the tunnel of this stack"));
            const rules = found.map((says) => /^Rule (\S+) /.exec(says)?.[1] ?? says);
            assert.deepEqual([...new Set(rules)], [], found.join("\n"));
        });

        it("is as the recorder writes it", () => assert.equal(readFileSync(pathOf(set), "utf8"), textOf(recording)));

        it("has each expected preview, with its date and the versions of Pulumi and the program", () => {
            assert.deepEqual(Object.keys(recording).sort(), Object.keys(expected).sort());
            for (const { made } of Object.values(recording)) {
                assert.match(made.date, /^\d{4}-\d\d-\d\d$/);
                assert.match(made.pulumi, /^v\d+\.\d+\.\d+/);
                assert.match(made.program, /^[0-9a-f]{40}$/);
            }
        });

        it("has no resource that the program no longer creates", async () => {
            const previews = Object.values(recording);
            const [{ before, made }] = previews;
            const now = await recordProgram(before, new Date(made.date));
            // options.ts creates these two, and then the resources of the option.
            const first = ["StackIdentity identity", "ConversionRecord conversion"].map((one) => `${DYNAMIC}${one}`);
            const names = new Set([...first, ...now.map(({ type, name }) => resource(type, name))]);
            const gone = previews.flatMap(({ steps }) => namesOf(steps)).filter((name) => !names.has(name));
            const renew = `recorded from ${made.program}. Record them again: npm run record`;
            assert.deepEqual([...new Set(gone)], [], renew);
        });
    });
}
