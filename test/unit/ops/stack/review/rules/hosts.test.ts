// Proves that a review distinguishes the steps on a host, and that its output contains no terminal control characters.
import { strict as assert } from "node:assert";
import { readPlan } from "../../../../../../ops/stack/review/plan";
import { renderText } from "../../../../../../ops/stack/review/report";
import { reviewOf } from "../../../../../../ops/stack/review/review";
import { TODAY } from "../../../kit";
import { said, step } from "../steps";

const inputs = { create: "x", delete: "y" };

describe("review of commands on hosts", () => {
    const cases: [name: string, op: string, expected: RegExp][] = [
        ["nodes-a-labels", "replace", /^risk host-changed/],
        ["nodes-a-joined", "replace", /^breaks-callers service-interrupted/],
        ["nodes-a-snap", "delete", /^breaks-callers data-deleted/],
        ["nodes-a-ready", "delete", /^risk host-changed/],
        ["alpa-firewall-a", "create", /^risk network-narrowed/],
    ];
    for (const [name, op, expected] of cases)
        it(`reports the effect of ${name}, ${op}`, () => {
            const [old, now] = [op === "create" ? undefined : inputs, op === "delete" ? undefined : inputs];
            assert.match(said([step("Command", name, old, now, op)])[0], expected);
        });
});

describe("review of a step on a host that needs no undo", () => {
    it("reports that its deletion does nothing", () => {
        const found = said([step("Command", "nodes-addons", { create: "x" }, undefined)]);
        assert.match(
            found.join("\n"),
            /^harmless changed-inside: nodes-addons is deleted, without any change on its host$/,
        );
    });
});

describe("output of a review", () => {
    it("lists the most dangerous findings first, also next to an unfinished run", () => {
        const steps = [step("Command", "nodes-a-snap", inputs, undefined)];
        const state = { pending_operations: [{}] };
        const { findings } = reviewOf({ stack: "test", steps, config: {} }, new Date(TODAY), state);
        assert.deepEqual(
            findings.map(({ code }) => code),
            ["data-deleted", "state-unfinished"],
        );
    });

    it("contains no terminal control characters", () => {
        const steps = [step("Command", "x\u001b[2J\ny", inputs, undefined)];
        const text = renderText(reviewOf({ stack: "test", steps, config: {} }, new Date(TODAY)));
        assert.ok(!text.includes("\u001b") && !/^y/m.test(text), JSON.stringify(text));
    });

    it("reads from a plan that a resource is protected", () => {
        const urn = "urn:pulumi:test::alpa-auth::cloudflare:index/zone:Zone::zone";
        const goal = { type: "cloudflare:index/zone:Zone", custom: true, protect: true, inputDiff: {} };
        const manifest = { time: "2026-11-25T11:00:00Z" };
        const plan = JSON.stringify({ manifest, resourcePlans: { [urn]: { steps: ["update"], goal } } });
        assert.equal(readPlan(plan, "--plan", {}).steps[0].newState?.protect, true);
    });
});
