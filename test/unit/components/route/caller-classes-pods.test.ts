// Proves that a class has one share across all pods of the gateway, counted in a real Redis.
import { strict as assert } from "node:assert";
import { ClassedAlpa } from "./classed-alpa";

const JOBS = Array.from({ length: 12 }, (_, i) => `job-${i}`);

describe("a class at a gateway of several pods", function () {
    this.timeout(120_000);

    it("has exactly its share, whichever pod its callers use", async () => {
        let generate = () => {};
        const window = new Promise<void>((resolve) => (generate = resolve));
        let [arrived, refused] = [0, 0];
        // Alpa answers after all other requests were rejected. Until then, its requests keep their slots.
        const count = () => {
            if (arrived + refused === JOBS.length) generate();
        };
        const alpa = await ClassedAlpa.start({
            callers: JOBS,
            classes: [{ name: "batch", members: JOBS, completions: 3, logprobs: 1 }],
            pods: 3,
            batchWindow: () => window,
            onPrompt: () => {
                arrived++;
                count();
            },
        });
        try {
            const answers = JOBS.map(async (caller, i) => {
                const { status } = await alpa.send(caller, "hello", i % 3);
                if (status === 429) refused++;
                count();
                return status;
            });
            const statuses = await Promise.all(answers);
            assert.deepEqual(statuses.sort(), [...Array(3).fill(200), ...Array(9).fill(429)]);
        } finally {
            generate();
            await alpa.stop();
        }
    });
});
