// Proves which changes `stack review` passes or rejects under the policy pack, and which plan it saves. Git is real; a fake
// Pulumi answers from memory.
import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accepting, added, caller, gate, removed, step } from "./kit";
import { exits } from "../../kit";

const ROOT = join(__dirname, "../../../../..");

const entry = {
    stack: "intra",
    code: "caller-removed",
    resource: "alice",
    reason: "has moved to the other cluster",
    until: "2026-12-01",
};

describe("ops stack review", () => {
    it("previews under the policy pack, shows the review, and changes nothing", async () => {
        const { ops, calls, clone, file } = gate({ steps: [added("bob")] });
        const { out } = await exits(0, ops("stack", "review", "--fail-on", "risk"));
        assert.match(out, /^Review of stack intra: [^]*caller-added/);
        assert.deepEqual(
            calls
                .map(({ args }) => args.filter((arg) => !arg.startsWith("--save-plan=")))
                .filter(([verb]) => verb !== "stack"),
            [
                [
                    "preview",
                    "--json",
                    `--policy-pack=${join(clone, "policy")}`,
                    "--stack",
                    "intra",
                    "--config-file",
                    file,
                ],
            ],
        );
    });

    it("stops a change that breaks a caller, and says how to accept it", async () => {
        const { ops } = gate({ steps: [removed("alice")] });
        const { note } = await exits(3, ops("stack", "review"));
        assert.match(note, /1 finding with severity breaks-callers or worse, not accepted \(listed above\)/);
        assert.match(
            note,
            /end of policy\/accepted\.yaml[^]*- \{ stack: "intra", code: caller-removed, resource: "alice", until: 2026-12-02, reason: "…" \}/,
        );
    });

    it("passes with the printed lines at the end of the shipped file, one for each finding and after one another", async () => {
        const steps = [removed("alice"), step("update", caller("bob", ["a", "b"]), caller("bob", ["a"]))];
        const { ops, commit } = gate({ steps });
        let file = readFileSync(join(ROOT, "policy/accepted.yaml"), "utf8");
        for (const code of ["credential-revoked", "caller-removed"]) {
            commit("policy/accepted.yaml", file);
            const { note } = await exits(3, ops("stack", "review"));
            const lines = note.split("\n").filter((line) => line.includes(`code: ${code}`));
            assert.equal(lines.length, 1, note);
            file += `${lines[0].replace("…", "agreed: yes, on the 3rd")}\n`;
        }
        commit("policy/accepted.yaml", file);
        await exits(0, ops("stack", "review"));
    });

    it("passes accepted findings, with the reason", async () => {
        const { ops, commit } = gate({ steps: [removed("alice")] });
        commit("policy/accepted.yaml", accepting(entry));
        const { out } = await exits(0, ops("stack", "review", "--format", "markdown"));
        assert.match(out, /Accepted in policy\/accepted\.yaml: caller-removed of alice \(has moved/);
    });

    const refused: [what: string, change: object][] = [
        ["of another stack", { stack: "inter" }],
        ["of another finding", { code: "credential-revoked" }],
        ["of another caller", { resource: "bob" }],
        ["that has expired", { until: "2026-11-24" }],
    ];
    for (const [what, change] of refused)
        it(`ignores an acceptance ${what}`, async () => {
            const { ops, commit } = gate({ steps: [removed("alice")] });
            commit("policy/accepted.yaml", accepting({ ...entry, ...change }));
            await exits(3, ops("stack", "review"));
        });

    it("accepts the expiry of one credential and not that of the same caller's next credential", async () => {
        const before = caller("alice", ["a", "b", "c"]);
        const { ops, commit } = gate({ steps: [step("update", before, caller("alice", ["a"]))] });
        const revoked = { ...entry, code: "credential-revoked", property: "credentials.b" };
        commit("policy/accepted.yaml", accepting(revoked));
        const { note } = await exits(3, ops("stack", "review"));
        assert.match(
            note,
            /1 finding with severity breaks-callers or worse, not accepted[^]*property: "credentials\.c"/,
        );
        commit("policy/accepted.yaml", accepting(revoked, { ...revoked, property: "credentials.c" }));
        await exits(0, ops("stack", "review"));
    });

    it("rejects a file of acceptances with all its problems in one error", async () => {
        const { ops, commit, calls } = gate();
        const far = { ...entry, code: "no-such-code", until: "2027-06-01" };
        commit(
            "policy/accepted.yaml",
            accepting(far, ...["policy-violated", "constructor"].map((code) => ({ ...entry, code }))),
        );
        const { note } = await exits(2, ops("stack", "review"));
        assert.match(note, /accepted\.0\.code: must be the code of a finding of stack review/);
        assert.match(note, /accepted\.0\.until: must be within 30 days/);
        for (const i of [1, 2]) assert.match(note, new RegExp(`accepted\\.${i}\\.code: must be the code of a finding`));
        assert.match(note, /whose exceptions are in policy\/exceptions\.yaml/);
        assert.ok(calls.every(({ args }) => args[0] !== "preview"));
        commit("policy/accepted.yaml", accepting({ ...entry, reason: "yes", until: "soon", who: "me" }));
        assert.match(
            (await ops("stack", "review")).note,
            /accepted\.0\.reason[^]*accepted\.0\.until: must be a day[^]*accepted\.0/,
        );
    });

    it("stops what the policy pack rejects whatever the limit is, with the review, and says how to see why", async () => {
        const { ops } = gate({
            steps: [added("bob")],
            says: ({ args }) => {
                if (!args.some((word) => word.startsWith("--policy-pack"))) return undefined;
                return {
                    code: 255,
                    stdout: '{"diagnostics":[{"severity":"error","message":"error: preview failed"}]}',
                };
            },
        });
        const { out, note } = await exits(3, ops("stack", "review", "--fail-on", "none", "--format", "markdown"));
        assert.match(out, /caller-added[^]*The policy pack rejects the change/);
        assert.match(note, /intra: the policy pack rejects the change\. .* run: pulumi preview --policy-pack=/);
    });

    it("leaves a plan in a folder that others cannot read", async () => {
        const { ops, folder, file } = gate({ steps: [added("bob")] });
        const out = join(folder, "plan");
        const { note } = await exits(0, ops("stack", "review", "--out", out));
        assert.deepEqual(readdirSync(out).sort(), ["plan.bound.json", "plan.json"]);
        assert.equal(statSync(out).mode & 0o777, 0o700);
        assert.match(note, new RegExp(`Next: npm run ops -- stack apply --yes --plan ${out} --stack intra`));
        assert.ok(existsSync(file));
    });

    it("passes no plan in which a secret output is plain text", async () => {
        const urn = "urn:pulumi:intra::alpa-auth::pulumi:pulumi:Stack::alpa-auth-intra";
        const type = "pulumi:pulumi:Stack";
        const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
        const { ops, folder } = gate({
            resources: () => [{ urn, type, custom: false, outputs: { credentials: secret } }],
            resourcePlans: {
                [urn]: { steps: ["same"], goal: { type, outputDiff: { updates: { credentials: "a" } } } },
            },
        });
        const { out } = await exits(3, ops("stack", "review", "--out", join(folder, "plan")));
        assert.match(out, /protection-weakened {2}Output credentials of the stack is no longer secret/);
        assert.ok(!existsSync(join(folder, "plan")));
    });

    it("leaves no plan of a change that did not pass", async () => {
        const { ops, folder } = gate({ steps: [removed("alice")] });
        await exits(3, ops("stack", "review", "--out", join(folder, "plan")));
        assert.ok(!existsSync(join(folder, "plan")));
    });

    it("creates no plan for uncommitted changes, and overwrites no other plan", async () => {
        const { ops, folder, clone } = gate();
        await exits(2, ops("stack", "review", "--out", folder));
        writeFileSync(join(clone, "index.ts"), "second");
        const { note } = await exits(2, ops("stack", "review", "--out", join(folder, "plan")));
        assert.match(note, /work tree: has uncommitted changes \(git status: M index\.ts\)/);
        await exits(0, ops("stack", "review"), "to look at it is no commit needed");
    });
});
