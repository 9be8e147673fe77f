// Proves which credentials `consumer list --expiring` lists, and that `consumer prune-expired` removes only expired credentials and
// rejects any other change. Previews are handwritten; stack/review/recorded.test.ts reads those of the engine.
import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { soonest } from "../../../../ops/consumer/expiring";
import { bench, exits, savedPlan, STACK_FILE, TODAY } from "../kit";
import { added, caller, gate, type GateOptions, removed, step } from "../stack/apply/kit";

const on = (expires?: string) => [{ name: "c", credentials: [{ id: "k", method: "key", expires }] }];

const days: [expires: string | undefined, expected: number | undefined][] = [
    ["2026-11-01", -24],
    ["2026-11-25", 0],
    ["2026-11-26", 1],
    ["2026-12-25", 30],
    ["2026-12-26", undefined],
    [undefined, undefined],
    ["some day", undefined],
];

describe("ops consumer list --expiring", () => {
    for (const [expires, expected] of days)
        it(`${expected === undefined ? "leaves out" : "counts"} the days to ${expires ?? "never"}`, () => {
            assert.equal(soonest(on(expires), 30, new Date(TODAY))[0]?.days, expected);
        });

    it("shows expired credentials first, then the next to expire", async () => {
        const { out } = await exits(0, bench().ops("consumer", "list", "--expiring", "30"));
        assert.deepEqual(
            [...out.matchAll(/│ (?:alice|tokens) +│ (\w+)/g)].map(([, id]) => id),
            ["old", "gone", "a2"],
        );
        assert.match(out, /in 6 days/);
        assert.match(out, /5 days ago/);
    });

    it("lists expiries within the given days, and prints JSON", async () => {
        const { out } = await bench().ops("consumer", "list", "--expiring", "5", "--json");
        assert.deepEqual(JSON.parse(out), [
            { consumer: "alice", credential: "old", expires: "2026-11-20", days: -5 },
            { consumer: "tokens", credential: "gone", expires: "2026-11-25", days: 0 },
        ]);
    });

    const failures: [days: string, code: number, named: RegExp][] = [
        ["6", 3, /within 6 days or have expired \(alice\/old, tokens\/gone, alice\/a2\)/],
        ["5", 3, /\(alice\/old, tokens\/gone\)/],
    ];
    for (const [days, expected, named] of failures)
        it(`exits with ${expected} for an expiry within ${days} days with the option for it, and lists it`, async () => {
            const { out, note } = await exits(
                expected,
                bench().ops("consumer", "list", "--expiring", "0", "--fail-on", days),
            );
            assert.match(note, named);
            assert.equal(out.includes("a2"), days === "6");
        });

    it("exits with 0 when the next expiry is further away, and reports the same with JSON", async () => {
        const text = STACK_FILE.replace("2026-11-20", "2027-01-01").replace('"2026-11-25"', '"2027-01-01"');
        const { ops } = bench({ text });
        await exits(0, ops("consumer", "list", "--fail-on", "5"));
        const { out } = await exits(3, ops("consumer", "list", "--fail-on", "6", "--json"));
        assert.equal(JSON.parse(out).length, 1);
    });

    it("says so when no credential expires", async () => {
        const { out } = await exits(
            0,
            bench({
                text: "config:\n  alpa-auth:option: intra-a\n  alpa-auth:alpa: { endpoints: [10.0.0.1:20001] }\n",
            }).ops("consumer", "list", "--expiring", "30"),
        );
        assert.match(out, /No credential expires within 30 days/);
    });
});

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
