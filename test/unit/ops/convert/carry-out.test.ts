// Proves that a conversion reaches its target or returns, and leaves a stack that it no longer owns alone, whatever fails.
import { strict as assert } from "node:assert";
import { carryOut, Locked } from "../../../../ops/convert/carry-out";
import type { Stage, Target } from "../../../../components/opt/conversion-phases";
import { at, attempt, FakeStack } from "./kit";

const FORWARD = ["prepared", "closed", "moved", "?", "open"];
const BACK = ["moved", "closed", "?", "prepared", "intra-a"];

describe("a conversion", () => {
    const go = (stack: FakeStack, to: Target = "intra-b", stop = new AbortController().signal, budgetMinutes = 60) =>
        carryOut(stack, { stack: "intra", by: "ada@ops", budget: { budgetMinutes, returnMinutes: 28 }, stop }, to);
    const failing = (stage: Stage, times = 1) => {
        const stack = new FakeStack();
        stack.during = (now) => {
            if (now === stage && stack.progress.attempt!.to === "intra-b" && times-- > 0) throw new Error("it broke");
        };
        return stack;
    };

    it("reaches intra-b in four runs, and opens when Alpa has answered", async () => {
        const stack = new FakeStack();
        assert.deepEqual(await go(stack), { to: "intra-b", why: undefined });
        assert.deepEqual(stack.runs, FORWARD);
        assert.equal(stack.progress.attempt!.number, 1);
    });

    it("goes back in four runs, and opens when Alpa has answered", async () => {
        const stack = new FakeStack(at("open", attempt(1)));
        assert.equal((await go(stack, "intra-a")).to, "intra-a");
        assert.deepEqual(stack.runs, BACK);
    });

    const returns: [Stage, ...runs: string[]][] = [
        ["prepared", "prepared", "intra-a"],
        ["closed", "prepared", "closed", "prepared", "intra-a"],
        ["moved", "prepared", "closed", "moved", "closed", "?", "prepared", "intra-a"],
        ["open", "prepared", "closed", "moved", "?", "open", "moved", "closed", "?", "prepared", "intra-a"],
    ];
    for (const [stage, ...runs] of returns)
        it(`returns when ${stage} fails, by a new attempt that runs every step again`, async () => {
            const stack = failing(stage);
            const { to, why } = await go(stack);
            assert.deepEqual([to, why], ["intra-a", `${stage}: it broke`]);
            // The route may be closed although the run to `closed` has failed.
            assert.deepEqual(
                stack.runs.filter((run) => run !== "?" || stage !== "closed"),
                runs,
            );
            assert.equal(stack.progress.attempt!.number, 2);
        });

    it("stays closed and returns when Alpa does not answer in the cluster", async () => {
        const stack = new FakeStack();
        stack.asked = () => {
            if (stack.progress.stage === "moved") throw new Error("no answer");
        };
        assert.equal((await go(stack)).why, "open: no answer");
        assert.ok(!stack.runs.includes("open"));
    });

    it("turns back when only the time of a return is left, and interrupts the run", async () => {
        const stack = new FakeStack();
        stack.during = (stage, signal) =>
            stage === "moved" &&
            new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error())));
        const { to, why } = await go(stack, "intra-b", undefined, 28.001);
        assert.deepEqual([to, stack.runs.at(-1)], ["intra-a", "intra-a"]);
        assert.match(why!, /^moved: the time is over/);
    });

    it("fails without a return when the first run is refused", async () => {
        const stack = new FakeStack();
        stack.bring = async () => assert.fail("the policy pack rejects it");
        await assert.rejects(go(stack), { message: "convert: the policy pack rejects it" });
        assert.equal(stack.file, "intra-a");
    });

    it("changes nothing while another run holds the lock of the stack", async () => {
        const stack = new FakeStack(at("moved", attempt(1)));
        stack.during = () => {
            stack.progress = at("moved", attempt(1));
            throw new Locked("convert: locked by bob@lab");
        };
        await assert.rejects(go(stack), { message: "convert: locked by bob@lab" });
        assert.deepEqual([stack.file, stack.runs], ["moved", ["?", "open"]]);
    });

    it("stops in its phase when it is ended, and names both commands", async () => {
        const stop = new AbortController();
        const stack = new FakeStack();
        stack.during = (stage) => stage === "moved" && stop.abort("it was ended by SIGINT");
        await assert.rejects(go(stack, "intra-b", stop.signal), {
            message:
                /^convert: stopped in phase moved \(it was ended by SIGINT\)\. Continue: .* convert run --yes .* convert abort/,
        });
        assert.deepEqual(stack.runs, ["prepared", "closed", "moved"]);
    });

    it("continues an interrupted run with the same stage and a newer attempt", async () => {
        const stack = new FakeStack(at("moved", attempt(4), { isComplete: false }));
        await go(stack);
        assert.deepEqual([stack.runs, stack.progress.attempt!.number], [["moved", "?", "open"], 5]);
    });

    it("stops, and changes nothing, when another process has taken over", async () => {
        const stack = new FakeStack();
        const theirs = at("closed", attempt(9, "intra-a", "bob@lab"));
        stack.during = (stage) => {
            if (stage !== "moved") return;
            stack.progress = theirs;
            throw new Error("another update is in progress");
        };
        await assert.rejects(go(stack), { message: /another process has continued the conversion \(bob@lab, pid 42/ });
        assert.deepEqual([stack.progress, stack.file], [theirs, "closed"]);
    });

    it("tries a step of a return twice, and then needs a human", async () => {
        const stack = new FakeStack(at("moved", attempt(1)));
        let tries = 0;
        stack.during = () => {
            tries++;
            throw new Error("the host is down");
        };
        await assert.rejects(go(stack, "intra-a"), {
            message:
                /a human is needed\. The step back to closed has failed twice: the host is down\. .* convert abort --yes/,
        });
        assert.deepEqual([tries, stack.runs], [2, ["closed", "closed"]]);
    });
});
