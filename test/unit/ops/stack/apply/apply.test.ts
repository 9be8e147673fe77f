// Proves that `stack apply` applies a plan for the stack, commit, config and state for which it was created, and rejects it for
// any other before Pulumi runs. Git is real; a fake Pulumi answers from memory. test/engine/stack/pulumi.test.ts proves that
// Pulumi keeps to a plan.
// Proves what an operator sees of `pulumi up`: what was done, messages once, and no more. The lines are Pulumi's (3.274).
import { strict as assert } from "node:assert";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exits, STACK_FILE } from "../../kit";
import { caller, gate, type Gate, type GateOptions, MADE } from "./kit";
import { progress } from "../../../../../ops/stack/apply/progress";

interface Planned extends Gate {
    plan: string;
    applied(...args: string[]): ReturnType<Gate["ops"]>;
    ups(): string[][];
}

/** A clone, and a plan for it from a `stack review` that passed. */
async function planned(options: GateOptions = {}): Promise<Planned> {
    const one = gate(options);
    const plan = join(one.folder, "plan");
    await exits(0, one.ops("stack", "review", "--out", plan));
    return {
        ...one,
        plan,
        applied: (...args) => one.ops("stack", "apply", "--yes", "--plan", plan, ...args),
        ups: () => one.calls.map(({ args }) => args).filter(([verb]) => verb === "up"),
    };
}

describe("ops stack apply", () => {
    it("shows the review of the plan, and applies the plan after a preview", async () => {
        const { applied, ups, plan, file } = await planned();
        const { out } = await exits(0, applied());
        assert.match(out, /^Review of stack intra/);
        const [args] = ups();
        assert.equal(args[4].replace(/[0-9a-f]{10}/, "C"), "Plan of commit C, made 2026-11-25T12:00:00.000Z");
        assert.deepEqual(
            [...args.slice(0, 4), ...args.slice(5)],
            ["up", "--yes", `--plan=${plan}/plan.json`, "--message", "--stack", "intra", "--config-file", file],
        );
    });

    it("shows the plan and runs nothing, until --yes", async () => {
        const { ops, plan, ups } = await planned();
        const { out } = await exits(0, ops("stack", "apply", "--plan", plan));
        assert.match(out, /^Review of stack intra/);
        assert.match(out, /Dry run: nothing was changed\. Run again with --yes to carry out this plan/);
        assert.deepEqual(ups(), []);
    });

    it("--json prints one document, which says whether it was applied", async () => {
        const { ops, plan, applied } = await planned();
        const shown = await ops("stack", "apply", "--plan", plan, "--json");
        const { stack, changed } = JSON.parse(shown.out);
        assert.deepEqual([shown.code, stack, changed], [0, "intra", false]);
        assert.match(shown.note, /Dry run: nothing was changed/);
        assert.equal(JSON.parse((await applied("--json")).out).changed, true);
    });

    let time = MADE;
    let resources: object[] = [];
    const changes: [what: string, change: (one: Planned) => void, says: RegExp][] = [
        ["of another commit", ({ commit }) => commit("index.ts", "second"), /--plan: is for another commit \(\w+, now/],
        [
            "of a commit with another program in the work tree",
            ({ clone }) => writeFileSync(join(clone, "index.ts"), "not committed"),
            /work tree: has uncommitted changes \(git status: M index\.ts\)/,
        ],
        ["of another config", ({ write }) => write(`${STACK_FILE}\n`), /is for another config/],
        [
            "of another state",
            () => (time = "2026-11-25T11:30:00Z"),
            /is for another state \(2026-11-25T11:00.*, now 2026-11-25T11:30/,
        ],
        [
            "of other resources, if the backend keeps the time",
            () => (resources = [caller("alice", ["a"])]),
            /is for another state/,
        ],
        [
            "that was changed",
            ({ plan }) => writeFileSync(join(plan, "plan.json"), '{"resourcePlans":{}}'),
            /is for another plan/,
        ],
        ["without its other half", ({ plan }) => rmSync(join(plan, "plan.bound.json")), /lacks plan\.json or/],
        ["that is damaged", ({ plan }) => writeFileSync(join(plan, "plan.bound.json"), "{"), /they are damaged/],
    ];
    for (const [what, change, says] of changes)
        it(`rejects a plan ${what}`, async () => {
            time = MADE;
            resources = [];
            const one = await planned({ stateTime: () => time, resources: () => resources });
            change(one);
            const { code, note } = await one.applied();
            assert.equal(code, 2);
            assert.match(note, says);
            assert.deepEqual(one.ups(), []);
        });

    it("rejects a plan of another stack", async () => {
        const { applied, file, folder, ups } = await planned();
        copyFileSync(file, join(folder, "Pulumi.other.yaml"));
        assert.match((await exits(2, applied("--stack", "other"))).note, /is for another stack \(intra, now other\)/);
        assert.deepEqual(ups(), []);
    });

    it("stops while the state has pending operations of an interrupted run", async () => {
        let pending: object[] = [];
        const { applied, ups } = await planned({
            says: ({ args }) =>
                args[1] === "export"
                    ? {
                          stdout: JSON.stringify({
                              deployment: { manifest: { time: MADE }, pending_operations: pending },
                          }),
                      }
                    : undefined,
        });
        pending = [{}];
        assert.match((await exits(2, applied())).note, /has 1 pending operation of/);
        assert.deepEqual(ups(), []);
    });

    it("says that nothing changed while another run holds the stack, and what to do when Pulumi stops midway", async () => {
        let said = "error: the stack is currently locked by 1 lock(s)";
        const { applied } = await planned({
            says: ({ args }) => (args[0] === "up" ? { code: 255, stderr: said } : undefined),
        });
        assert.match((await applied()).note, /locked by another run[^]*Nothing was changed/);
        said = "error: resource violates plan";
        const { note } = await exits(1, applied());
        assert.match(note, /Steps that differ from the plan were not done[^]*with a new plan/);
    });
});

const LINES = `Previewing update (intra):
@ previewing update....
 +  random:index:RandomUuid team-b.first-key create
Diagnostics:
  pulumi:pulumi:Stack (alpa-auth-intra):
    warning: alpa: one service

Policies:
    ✅ alpa-auth@v0.1.0 (local: policy)

Resources:
    + 1 to create
Updating (intra):
 +  random:index:RandomUuid team-b.first-key creating (0s)
 +  random:index:RandomUuid team-b.first-key created (0.10s)
 -- kubernetes:core/v1:Secret a.b-secret deleted original (0.3s)
Diagnostics:
  pulumi:pulumi:Stack (alpa-auth-intra):
    warning: alpa: one service
  pulumi-nodejs:dynamic:GatewayServes (alpa-consumers-revoked):
    error: one of 3 gateway pods lags

Policies:
    ❌ alpa-auth@v0.1.0 (local: policy)
        - [mandatory]  alpa-routes-only
Outputs:
    url: "http://127.0.0.1/alpa"
error: update failed`.split("\n");

const shown = (verbose: boolean) => {
    const notes: string[] = [];
    LINES.forEach(progress({ verbose, note: (text) => notes.push(text.trim()) }));
    return notes;
};

describe("the progress of pulumi up", () => {
    it("has the operations that ended, each message once, and violations of policies", () => {
        assert.deepEqual(shown(false), [
            "pulumi:pulumi:Stack (alpa-auth-intra):",
            "warning: alpa: one service",
            "+  random:index:RandomUuid team-b.first-key created (0.10s)",
            "-- kubernetes:core/v1:Secret a.b-secret deleted original (0.3s)",
            "pulumi-nodejs:dynamic:GatewayServes (alpa-consumers-revoked):",
            "error: one of 3 gateway pods lags",
            "❌ alpa-auth@v0.1.0 (local: policy)",
            "- [mandatory]  alpa-routes-only",
            "error: update failed",
        ]);
    });

    it("has every line with --verbose", () => assert.equal(shown(true).length, LINES.length));
});
