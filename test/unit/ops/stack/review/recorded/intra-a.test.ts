// Proves what a review reports for changes of a stack of option intra-a, and what `consumer prune-expired` does, in previews
// that the real engine and Kubernetes provider created in the sandbox. test/engine/ops/review.test.ts proves for a large
// preview that the engine still returns the same. Rampart is an emulator, so this does not prove that Rampart restarts what a
// review says.
import { strict as assert } from "node:assert";
import { stringify } from "yaml";
import { CHANGES, MUCH } from "../../../../../recorded/intra-a";
import { findingsOf } from "../../../../../findings";
import { read } from "../../../../../recorded/recording";
import { gate } from "../../apply/kit";
import { recordedSet, type Expected } from "./recorded-set";

/** Expected findings of each change. A change without an effect on callers must have none. */
const FINDINGS: Expected = {
    nothing: [],
    "callers in another order": [],
    "credentials in another order": [],
    "longer waits": [],
    "an expiry date far in the future": [],
    "an added credential": ["harmless credential-added"],
    "an added caller": ["harmless caller-added"],
    "more requests": ["harmless limit-raised"],
    "more open requests": ["harmless limit-raised"],
    "a removed caller": ["breaks-callers caller-removed"],
    "no callers": ["breaks-callers caller-removed"],
    "a removed credential": ["breaks-callers credential-revoked"],
    "an expired credential": ["breaks-callers credential-revoked"],
    "an expired credential, and a removed caller": [
        "breaks-callers caller-removed",
        "breaks-callers credential-revoked",
    ],
    "another method under one id": ["breaks-callers credential-changed"],
    "a renamed caller": ["breaks-callers caller-removed", "harmless caller-added"],
    "fewer requests": ["breaks-callers limit-lowered"],
    "a longer window": ["breaks-callers limit-lowered"],
    "fewer open requests": ["breaks-callers limit-lowered"],
    "a limit where there was none": ["breaks-callers limit-lowered"],
    "no limits": ["risk limit-removed"],
    "shorter bodies": ["breaks-callers request-rejected", "harmless changed-inside"],
    "no guard": ["risk protection-weakened"],
    "a repeated deployment": ["risk gateway-changed"],
    "shorter answers": ["breaks-callers timeout-lowered"],
    "longer answers": ["harmless timeout-raised"],
    "one more Alpa": ["risk upstream-added"],
    "another Alpa": ["risk upstream-replaced"],
    "another port": ["breaks-callers access-changed"],
    "another address of the same nodes": [],
    "another image": ["breaks-callers service-interrupted"],
    [MUCH]: [
        "breaks-callers caller-removed",
        "breaks-callers limit-lowered",
        "breaks-callers request-rejected",
        "breaks-callers timeout-lowered",
        "breaks-callers service-interrupted",
        "harmless caller-added",
        "harmless changed-inside",
    ],
    "a rename with an alias": [],
    "a rename without an alias": ["breaks-callers re-created", "breaks-callers service-interrupted"],
    "the end of the stack": [
        "breaks-callers data-deleted",
        "breaks-callers gateway-deleted",
        "breaks-callers access-removed",
        "breaks-callers caller-removed",
        "risk data-deleted",
        "risk protection-weakened",
        "risk deleted",
        "risk replaced",
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

    it("reports no change for a rename with an alias, and a deletion for one without", () => {
        const whatHappens = (what: string) => Object.keys(recording[what].changeSummary ?? {}).sort();
        assert.deepEqual(whatHappens("a rename with an alias"), ["same"]);
        assert.deepEqual(whatHappens("a rename without an alias"), ["create", "delete", "same"]);
    });

    /** Runs `consumer prune-expired` on a stack with this preview and its config. */
    const pruneExpired = (what: string, ...args: string[]) => {
        const { consumers } = CHANGES[what]({ nodePort: 0, alpa: "" });
        const steps = JSON.parse(JSON.stringify(recording[what].steps).replaceAll(":review::", ":intra::"));
        const one = gate({
            steps,
            text: stringify({ config: { "alpa-auth:option": "intra-a", "alpa-auth:consumers": consumers } }),
        });
        return one.ops("consumer", "prune-expired", ...args);
    };

    it("prune-expired recognizes an expiry date that has come", async () => {
        const alone = await pruneExpired("an expired credential");
        assert.equal(alone.code, 0, alone.note);
        assert.match(alone.out, /credential-revoked {2}Credential alice\/a2 stops working/);
        assert.match(alone.out, /Run again with --yes to remove the expired credentials/);
    });

    it("prune-expired stops when the run would change anything else", async () => {
        const more = await pruneExpired("an expired credential, and a removed caller", "--yes");
        assert.equal(more.code, 3);
        assert.match(more.note, /are about other changes: caller-removed/);
    });
});
