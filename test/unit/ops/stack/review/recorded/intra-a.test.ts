// Proves what a review reports for changes of a stack of option intra-a, and what `consumer prune-expired` does, in previews
// that the real engine and Kubernetes provider created in the sandbox. test/engine/ops/review.test.ts proves for a large
// preview that the engine still returns the same. Rampart is an emulator, so this does not prove that Rampart restarts what a
// review says.
import { strict as assert } from "node:assert";
import { parse, stringify } from "yaml";
import { CHANGES, MUCH } from "../../../../../recorded/intra-a";
import { findingsOf } from "../../../../../findings";
import { read } from "../../../../../recorded/recording";
import { STACK_FILE } from "../../../kit";
import { gate } from "../../apply/kit";
import { recordedSet, type Expected } from "./recorded-set";

/** Expected findings of each change. A change without an effect on callers must have none. */
const FINDINGS: Expected = {
    "an expired credential": ["breaks-callers credential-revoked"],
    [MUCH]: [
        "breaks-callers caller-removed",
        "breaks-callers limit-lowered",
        "breaks-callers request-rejected",
        "breaks-callers timeout-lowered",
        "breaks-callers service-interrupted",
        "harmless caller-added",
    ],
    "a rename without an alias": [
        "breaks-callers re-created",
        "breaks-callers service-interrupted",
        "breaks-callers unexplained",
        "harmless program-changed",
    ],
    "the end of the stack": [
        "breaks-callers data-deleted",
        "breaks-callers gateway-deleted",
        "breaks-callers access-removed",
        "breaks-callers all-credentials-change",
        "breaks-callers caller-removed",
        "risk protection-weakened",
    ],
};

recordedSet("intra-a", FINDINGS);

describe("review of recorded previews: a stack of option intra-a", () => {
    const recording = read("intra-a");

    it("reports that destroy deletes everything, with the callers by name, and knows every resource", () => {
        const found = findingsOf(recording, "the end of the stack");
        const says = found.filter(({ code }) => code === "caller-removed").map((finding) => finding.says);
        const names = ["alice", "bob"].map((name) => `Caller ${name} loses access, with all its credentials`);
        assert.deepEqual(says, names);
        const unknown = found.filter(({ code }) => code === "unknown-resource");
        assert.deepEqual(unknown, []);
    });

    it("reports a deletion for a rename without an alias", () => {
        const { changeSummary } = recording["a rename without an alias"];
        assert.deepEqual(Object.keys(changeSummary ?? {}).sort(), ["create", "delete", "same", "update"]);
    });

    it("prune-expired recognizes an expiry date that has come", async () => {
        const what = "an expired credential";
        const { consumers } = CHANGES[what]("");
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
