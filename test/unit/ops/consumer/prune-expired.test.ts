// Proves that the nightly run removes only expired credentials and rejects any other change. Previews are handwritten;
// test/unit/ops/stack/review/recorded/intra-a.test.ts reads those of the engine.
import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { added, caller, gate, removed, step, type GateOptions } from "../stack/apply/kit";
import { exits, savedPlan } from "../kit";

/** Credentials of STACK_FILE: alice/old expired on 2026-11-20 and tokens/gone today. alice/a2 expires in six days. */
const ended = step("update", caller("alice", ["a1", "a2", "old"]), caller("alice", ["a1", "a2"]));
const tokens = step("update", caller("tokens", ["gone", "here"]), caller("tokens", ["here"]));
const TOKEN = "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken";
const token = step("delete", {
    urn: `urn:pulumi:intra::alpa-auth::${TOKEN}::tokens.gone-token`,
    type: TOKEN,
    custom: true,
    parent: tokens.urn,
    inputs: { name: "x" },
});
const early = step("update", caller("alice", ["a1", "a2"]), caller("alice", ["a1"]));

async function pruneExpired(steps: object[], args: string[] = ["--yes"], options: GateOptions = {}) {
    const one = gate({ steps, ...options });
    const said = await one.ops("consumer", "prune-expired", ...args);
    return { ...said, ups: one.calls.map(({ args }) => args).filter(([verb]) => verb === "up") };
}

describe("ops consumer prune-expired", () => {
    for (const [what, steps] of [
        ["a key", [ended]],
        ["a service token", [tokens, token]],
        ["both", [ended, tokens, token]],
    ] as const)
        it(`removes ${what} that has expired, with the plan that was reviewed`, async () => {
            const { out, ups } = await exits(0, pruneExpired([...steps]));
            assert.match(out, /credential-revoked/);
            assert.equal(ups.length, 1);
            assert.match(ups[0][2], /^--plan=.*plan\.json$/);
        });

    const refused: [what: string, steps: object[], code: string][] = [
        ["a removed caller", [ended, removed("bob")], "caller-removed"],
        ["an added caller, although that is harmless", [ended, added("bob")], "caller-added"],
        ["a credential that has not expired yet", [early], "credential-revoked"],
        [
            "a credential that is no longer in the config",
            [step("update", caller("alice", ["a1", "x"]), caller("alice", ["a1"]))],
            "credential-revoked",
        ],
        [
            "another caller's of the same id",
            [step("update", caller("bob", ["a1", "old"]), caller("bob", ["a1"]))],
            "credential-revoked",
        ],
    ];
    for (const [what, steps, code] of refused)
        it(`does not change ${what}: it stops the run`, async () => {
            const said = await exits(3, pruneExpired(steps));
            assert.match(
                said.note,
                new RegExp(`only remove expired credentials \\(1 of \\d findings are about other changes: ${code}\\)`),
            );
            assert.deepEqual(said.ups, []);
        });

    it("runs nothing when nothing has expired, and only shows without --yes", async () => {
        const none = await pruneExpired([]);
        assert.deepEqual([none.code, none.ups], [0, []]);
        assert.match(none.note, /Nothing was changed/);
        const shown = await pruneExpired([ended], []);
        assert.deepEqual([shown.code, shown.ups], [0, []]);
        assert.match(shown.out, /credential-revoked/);
    });

    it("refuses what the policy pack rejects, and leaves no plan behind", async () => {
        let plan = "";
        const { note, ups } = await exits(
            3,
            pruneExpired([ended], ["--yes"], {
                says: ({ args }) => {
                    plan = savedPlan(args) ?? plan;
                    return args.some((word) => word.startsWith("--policy-pack"))
                        ? { code: 255, stderr: "error: preview failed" }
                        : undefined;
                },
            }),
        );
        assert.match(note, /the policy pack rejects the change/);
        assert.deepEqual(ups, []);
        assert.notEqual(plan, "");
        assert.ok(!existsSync(plan));
    });
});
