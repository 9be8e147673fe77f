// Proves for each setting of `whenDown` how gateway pods limit callers while the shared counters are lost. Proves that
// new counters count for all pods again. The counters are a real Redis; the gateways are emulators.
import { strict as assert } from "node:assert";
import { ClassedAlpa, type ClassedAlpaOptions } from "../route/classed-alpa";

const PODS = 3;
const REQUESTS = 3;
/**
 * Requests that a pod admits from one caller within a test if the pod counts without the other pods: the limits of two
 * windows, and one request more.
 */
const OF_ONE_POD = 2 * REQUESTS + 1;

describe("a gateway of several pods, for callers with limits,", function () {
    this.timeout(120_000);
    let alpa: ClassedAlpa;
    const start = async (whenDown: ClassedAlpaOptions["whenDown"]) => {
        alpa = await ClassedAlpa.start({
            callers: ["alice", "bob"],
            limits: { requests: REQUESTS, perSeconds: 3600, concurrent: 100 },
            pods: PODS,
            whenDown,
            batchWindow: async () => {},
        });
    };
    afterEach(() => alpa.stop());

    /** Sends `count` requests at once, to the pods in turn. @returns their statuses */
    const send = (caller: string, count: number) =>
        Promise.all(Array.from({ length: count }, async (_, i) => (await alpa.send(caller, "hello", i % PODS)).status));
    const admitted = (statuses: number[]) => statuses.filter((status) => status === 200).length;

    it("lets each pod count for itself while the counters are lost, and counts for all pods again with new counters", async () => {
        await start("each-pod");
        assert.equal(admitted(await send("alice", 6)), REQUESTS, "counted together");
        await alpa.loseCounters();
        assert.deepEqual(await send("alice", PODS), [200, 200, 200], "each pod has served one request");
        const most = await send("alice", 60);
        assert.deepEqual([...new Set(most)].sort(), [200, 429], "no other answer");
        // Each pod has counted its requests before the counters were lost, and one request since then.
        assert.equal(admitted(most), PODS * OF_ONE_POD - REQUESTS - PODS);
        await alpa.moveCounters();
        assert.deepEqual(
            (await send("bob", 6)).sort(),
            [200, 200, 200, 429, 429, 429],
            "all pods count together, from zero",
        );
    });

    it("rejects their requests while the counters are lost, where the operator chose so", async () => {
        await start("refuse");
        await alpa.loseCounters();
        assert.deepEqual(await send("alice", PODS), [500, 500, 500]);
        await alpa.moveCounters();
        assert.equal(admitted(await send("alice", 6)), REQUESTS);
    });

    it("limits nothing while the counters are lost, where the operator chose so", async () => {
        await start("allow");
        await alpa.loseCounters();
        assert.equal(admitted(await send("alice", 40)), 40);
    });
});

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
