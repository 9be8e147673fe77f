// Proves which credentials `consumer list --expiring` lists, in which order.
import { strict as assert } from "node:assert";
import { soonest } from "../../../../ops/consumer/expiring";
import { bench, exits, STACK_FILE, TODAY } from "../kit";

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
