import { strict as assert } from "node:assert";
import { oncePerPress } from "../../../../ops/ctrl-c";

describe("the listener for Ctrl-C", () => {
    it("counts signals less than half a second apart as one press, and a later signal as a second press", () => {
        const counted: number[] = [];
        let at = 0;
        const listener = oncePerPress(
            () => counted.push(at),
            () => at,
        );
        for (at of [0, 3, 1000, 1400, 1800, 2400]) listener();
        assert.deepEqual(counted, [0, 1000, 2400]);
    });
});
