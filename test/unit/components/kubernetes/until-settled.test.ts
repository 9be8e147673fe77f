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
        const { setTimeout } = global;
        const { now } = Date;
        const pauses: unknown[] = [];
        let time = 0;
        let takes = 0;
        Date.now = () => time;
        const pausing = (run: () => void, milliseconds: number) => {
            if (milliseconds > 5000) return setTimeout(run, milliseconds); // the limit of a poll
            pauses.push(milliseconds);
            return setTimeout(run, 0);
        };
        global.setTimeout = pausing as unknown as typeof setTimeout;
        try {
            for (takes of [0, 200]) {
                let looks = 0;
                await untilSettled(
                    wait(async () => {
                        time += takes;
                        return ++looks === 2 ? { state: "ready" } : { state: "waiting", why: "not yet" };
                    }),
                );
            }
        } finally {
            Object.assign(global, { setTimeout });
            Object.assign(Date, { now });
        }
        assert.deepEqual(pauses, [100, 200]);
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
