// Proves what a review reports for previews that the real engine and the official providers created in the sandbox, and what
// `consumer prune-expired` does with one. test/engine/ops/review.test.ts proves for a large preview that the engine still returns
// the same. Rampart and Cloudflare's API were emulators. `made` in a file names the versions.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { policyFindings } from "../../../../../ops/stack/review/policies";
import { readPreview, type Step } from "../../../../../ops/stack/review/preview";
import { assertCodes, findingsOf } from "../../../../findings";
import { pathOf, read, textOf } from "../../../../recorded/recording";
import { recordProgram } from "../../../kit/program";
import { CHANGES, MUCH } from "../../../../recorded/intra-a";
import { STACK_FILE } from "../../kit";
import { gate } from "../apply/kit";

/** Expected severity and code of each finding by the name of the change, the most dangerous first. */
type Expected = Record<string, string[]>;

/** Resources by type and name. */
const resource = (type: string, name: string) => `${type} ${name}`;

const DYNAMIC = "pulumi-nodejs:dynamic/alpa-auth:";

const namesOf = (steps: Step[]) =>
    steps.flatMap(({ urn, oldState }) => (oldState?.custom ? [resource(oldState.type, urn.split("::").at(-1)!)] : []));

function recordedSet(set: string, expected: Expected): void {
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

recordedSet("cloudflare", {
    "a rotated secret": ["risk credential-rotated"],
    "another name": ["breaks-callers access-removed", "breaks-callers access-changed", "harmless access-added"],
});

describe("review of recorded previews: another name of option cloudflare", () => {
    it("reports that the record of the old name is deleted, and knows every resource", () => {
        const found = findingsOf(read("cloudflare"), "another name");
        const says = found.filter(({ severity }) => severity === "breaks-callers").map((finding) => finding.says);
        assert.ok(
            says.some((one) => one.includes("CNAME review.example.com is deleted")),
            says.join("\n"),
        );
        const unknown = found.filter(({ code }) => /^(unknown|unexplained|other)/.test(code));
        assert.deepEqual(unknown, []);
    });
});

/** Expected findings of each change. A change without an effect on callers must have none. */
const FINDINGS: Expected = {
    "an expired credential": ["breaks-callers credential-revoked"],
    [MUCH]: [
        "breaks-callers caller-removed",
        "breaks-callers limit-lowered",
        "breaks-callers service-interrupted",
        "harmless caller-added",
    ],
    "a rename without an alias": [
        "breaks-callers re-created",
        "breaks-callers service-interrupted",
        "breaks-callers unexplained",
        "harmless program-changed",
    ],
};

recordedSet("intra-a", FINDINGS);

describe("review of recorded previews: a stack of option intra-a", () => {
    const recording = read("intra-a");

    it("reports a deletion for a rename without an alias", () => {
        const { changeSummary } = recording["a rename without an alias"];
        assert.deepEqual(Object.keys(changeSummary ?? {}).sort(), ["create", "delete", "same", "update"]);
    });

    it("prune-expired recognizes an expiry date that has come", async () => {
        const what = "an expired credential";
        const { consumers } = CHANGES[what]();
        const steps = JSON.parse(JSON.stringify(recording[what].steps).replaceAll(":review::", ":intra::"));
        const one = gate({
            steps,
            text: stringify({ config: { ...parse(STACK_FILE).config, "alpa-auth:consumers": consumers } }),
        });
        const alone = await one.ops("consumer", "prune-expired");
        assert.equal(alone.code, 0, alone.note);
        assert.match(alone.out, /credential-revoked {2}Credential alice\/a2 stops working/);
        assert.match(alone.out, /Run again with --yes to remove the expired credentials/);
    });
});
