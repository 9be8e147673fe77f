// Proves which credentials `consumer expiring` names, in which class and order.
import { strict as assert } from "node:assert";
import { soonest } from "../../../../ops/consumer/expiring";
import { bench, TODAY } from "../kit";

const on = (expires?: string) => [{ name: "c", credentials: [{ id: "k", method: "key", expires }] }];

const classes: [expires: string | undefined, expected: string | undefined][] = [
    ["2026-11-01", "expired, -24"],
    ["2026-11-25", "expired, 0"],
    ["2026-11-26", "1 day, 1"],
    ["2026-11-27", "7 days, 2"],
    ["2026-12-02", "7 days, 7"],
    ["2026-12-03", "30 days, 8"],
    ["2026-12-25", "30 days, 30"],
    ["2026-12-26", undefined],
    [undefined, undefined],
    ["some day", undefined],
];

describe("ops consumer expiring", () => {
    for (const [expires, expected] of classes)
        it(`puts an end ${expires ?? "never"} into class ${expected ?? "none"}`, () => {
            const [found] = soonest(on(expires), 30, new Date(TODAY));
            assert.equal(found && `${found.class}, ${found.days}`, expected);
        });

    it("shows what is over first, and the rest soonest first", async () => {
        const { code, out } = await bench().ops("consumer", "expiring");
        assert.equal(code, 0);
        assert.deepEqual(
            [...out.matchAll(/│ (?:alice|tokens) +│ (\w+)/g)].map(([, id]) => id),
            ["old", "gone", "a2"],
        );
        assert.match(out, /in 6 days/);
        assert.match(out, /5 days ago/);
    });

    it("looks as far ahead as it is told, and prints JSON", async () => {
        const { out } = await bench().ops("consumer", "expiring", "--within", "5", "--json");
        assert.deepEqual(JSON.parse(out), [
            { consumer: "alice", credential: "old", expires: "2026-11-20", days: -5, class: "expired" },
            { consumer: "tokens", credential: "gone", expires: "2026-11-25", days: 0, class: "expired" },
        ]);
    });

    it("says so when there is none", async () => {
        const { code, out } = await bench({ text: "config:\n  alpa-auth:option: intra-a\n" }).ops(
            "consumer",
            "expiring",
        );
        assert.equal(code, 0);
        assert.match(out, /No credential ends within 30 days/);
    });
});
