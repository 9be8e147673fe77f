// Proves what callers with limits get at several pods of the gateway while the server that counts is lost, a real Redis, and that
// another one counts for all pods again. The gateways are emulators compared with recordings.
import { strict as assert } from "node:assert";
import { ClassedAlpa, type ClassedAlpaOptions } from "../../classed-alpa";

const PODS = 3;
const REQUESTS = 3;
/** What one pod admits of a caller by itself: twice the requests of a window, and one. */
const OF_ONE_POD = 2 * REQUESTS + 1;

describe("limits at a gateway of several pods", function () {
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

    /** Statuses of so many requests, to one pod after the other. */
    const send = (caller: string, count: number) =>
        Promise.all(Array.from({ length: count }, async (_, i) => (await alpa.send(caller, "hello", i % PODS)).status));
    const admitted = (statuses: number[]) => statuses.filter((status) => status === 200).length;

    it("serves them without the counters, each pod counting, and counts for all pods again with the next ones", async () => {
        await start("each-pod");
        assert.equal(admitted(await send("alice", 6)), REQUESTS, "counted together");
        await alpa.loseCounters();
        assert.deepEqual(await send("alice", PODS), [200, 200, 200], "served, one by each pod");
        const most = await send("alice", 60);
        assert.deepEqual([...new Set(most)].sort(), [200, 429], "no other answer");
        // Each pod has counted what it let through before, and the one request after.
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
