import { strict as assert } from "node:assert";
import { untilSettled, type Wait } from "../../../../components/kubernetes/until-settled";

const wait = (observe: Wait["observe"]): Wait => ({
    title: "x",
    hint: "Look: y",
    timeoutSeconds: 60,
    settleSeconds: 0,
    observe,
});

describe("untilSettled", () => {
    it("polls ten times a second at first, and uses at most half of the time for slower polls", async () => {
        const pauses: number[] = [];
        for (const takes of [0, 200]) {
            const looks: number[] = [];
            await untilSettled(
                wait(async () => {
                    await new Promise((resolve) => setTimeout(resolve, takes));
                    return looks.push(Date.now()) === 2 ? { state: "ready" } : { state: "waiting", why: "not yet" };
                }),
            );
            pauses.push(looks[1] - looks[0] - takes);
        }
        assert.ok(pauses[0] >= 90 && pauses[0] < 490, `${pauses[0]} ms after a poll that takes no time`);
        assert.ok(pauses[1] >= 190 && pauses[1] < 790, `${pauses[1]} ms after a poll of 200 ms`);
    });

    it("does not wait when the data plane has shown the change", async () => {
        const proved = { ...wait(async () => ({ state: "ready", proved: true })), settleSeconds: 3600 };
        await untilSettled(proved);
    });

    it("says why it waited a fixed time where the data plane could not be queried", async () => {
        const said: string[] = [];
        const { log } = console;
        console.log = (line: string) => void said.push(line);
        try {
            await untilSettled(wait(async () => ({ state: "ready", unproved: "no pod may be asked" })));
        } finally {
            console.log = log;
        }
        assert.deepEqual(said, ["x: waited 0 s instead of a proof at the gateway: no pod may be asked"]);
    });
});
