// Proves that the bench compares the right figures, and that both programs get the same callers.
import { strict as assert } from "node:assert";
import { callers, rotated } from "../../../bench/callers";
import { type Row, table } from "../../../bench/table";

describe("bench", () => {
    it("shows each figure with its ratio to the flat program's", () => {
        const times = { firstUp: 10, accepted: 12, cpu: 8, preview: 2, rotation: 3, targeted: 2 };
        const flat: Row = { way: "flat", settings: "fast", ...times, bytes: 1000, perCaller: 3 };
        const [, , ...rows] = table([flat, { ...flat, way: "alpa-auth", firstUp: 11, flat }]).split("\n");
        const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
        assert.deepEqual(
            cells.map((row) => row[3]),
            ["10.0", "11.0 (× 1.10)"],
        );
        assert.deepEqual(
            cells.map((row) => row[9]),
            ["1", "1 (× 1.00)"],
        );
    });

    it("counts whole callers: only the rotated caller has two keys", () => {
        const all = rotated(callers(3), "b");
        assert.deepEqual(all, { "team-0000": ["a", "b"], "team-0001": ["a"], "team-0002": ["a"] });
    });
});
