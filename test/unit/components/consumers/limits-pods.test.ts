// Proves what callers with limits get at several gateway pods while the counters, a real Redis, are lost, and that their
// replacement counts for all pods again. The gateways are emulators compared with recordings.
import { strict as assert } from "node:assert";
import { ClassedAlpa, type ClassedAlpaOptions } from "../route/classed-alpa";

const PODS = 3;
const REQUESTS = 3;
/** Requests that one pod alone admits for a caller: twice those of a window, and one. */
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

    /** Statuses of this many requests, to one pod after the other. */
    const send = (caller: string, count: number) =>
        Promise.all(Array.from({ length: count }, async (_, i) => (await alpa.send(caller, "hello", i % PODS)).status));
    const admitted = (statuses: number[]) => statuses.filter((status) => status === 200).length;

    it("serves them without the counters, each pod counting, and counts for all pods again with the replacement", async () => {
        await start("each-pod");
        assert.equal(admitted(await send("alice", 6)), REQUESTS, "counted together");
        await alpa.loseCounters();
        assert.deepEqual(await send("alice", PODS), [200, 200, 200], "served, one by each pod");
        const most = await send("alice", 60);
        assert.deepEqual([...new Set(most)].sort(), [200, 429], "no other answer");
        // Each pod has counted its admitted requests and the one after.
        assert.equal(admitted(most), PODS * OF_ONE_POD - REQUESTS - PODS);
        await alpa.moveCounters();
        assert.deepEqual((await send("bob", 6)).sort(), [200, 200, 200, 429, 429, 429], "counted together, from zero");
    });

    it("rejects them without the counters where the operator chose so", async () => {
        await start("refuse");
        await alpa.loseCounters();
        assert.deepEqual(await send("alice", PODS), [500, 500, 500]);
        await alpa.moveCounters();
        assert.equal(admitted(await send("alice", 6)), REQUESTS);
    });

    it("limits nothing without the counters where the operator chose so", async () => {
        await start("allow");
        await alpa.loseCounters();
        assert.equal(admitted(await send("alice", 40)), 40);
    });
});
