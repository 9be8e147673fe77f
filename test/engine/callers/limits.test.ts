// Proves that a caller's limits count its requests with all its credentials, and no other requests. The gateway is an
// emulator. limits-shared.test.ts proves the same over several gateway pods.
import { strict as assert } from "node:assert";
import { call, eventually, succeeded, TestStack, useWorld, type Answer } from "../kit";
import { SLOW_COMPLETION, startSlowAlpa, type SlowAlpa } from "../kit/slow-alpa";

const key = (id: string) => ({ id, method: "key" });
const caller = (name: string, limits?: object) => ({ name, limits, credentials: [key("a"), key("b")] });
/** A limit whose window is longer than any test, so that only the number of requests counts. */
const requests = (count: number) => ({ requests: count, perSeconds: 3600 });

describe("limits", () => {
    useWorld();
    let stack: TestStack;
    let url: string;
    let keys: Record<string, string>;
    /** A slow Alpa, for tests that need several open requests. */
    let slow: SlowAlpa | undefined;

    async function configure(config: object): Promise<void> {
        stack.configure({ ...config });
        succeeded(await stack.up());
        ({ url, credentials: keys } = await stack.outputs());
    }
    const as = (who: string): Promise<Answer> => call(url, { key: keys[who] });
    const statuses = async (who: string, times: number) => {
        const list: number[] = [];
        for (let i = 0; i < times; i++) list.push((await as(who)).status);
        return list;
    };

    before(async () => {
        stack = await TestStack.create("limits");
        await configure({
            limits: requests(4),
            consumers: [caller("alice", requests(2)), caller("bob"), caller("carol")],
        });
    });
    after(async () => {
        succeeded(await stack.destroy());
        await slow?.close();
    });

    it("apply to one caller over all its credentials, with Retry-After in the 429", async () => {
        const first = await as("alice/a");
        assert.deepEqual([first.status, first.headers.get("x-ratelimit-remaining")], [200, "1"]);
        assert.equal((await as("alice/b")).status, 200);
        const refused = await as("alice/a");
        assert.equal(refused.status, 429);
        assert.equal(refused.headers.get("content-type"), "application/json");
        assert.deepEqual(JSON.parse(refused.body), {
            type: "error",
            message: "over the limit of this caller: try again after the seconds in Retry-After",
            stacktrace: "",
        });
        assert.equal(refused.headers.get("x-ratelimit-limit"), "2");
        assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/, "whole seconds: clients fail on fractions");
        const wait = Number(refused.headers.get("retry-after"));
        assert.ok(wait > 3000 && wait <= 3600, `${wait} s`);
    });

    it("are the stack's for a caller without limits of its own", async () =>
        assert.deepEqual(await statuses("bob/a", 5), [200, 200, 200, 200, 429]));

    it("keep every count when another caller, a credential or another caller's limit changes", async () => {
        assert.deepEqual(await statuses("carol/a", 3), [200, 200, 200]);
        const carol = { ...caller("carol"), credentials: [key("a"), key("b"), key("c")] };
        await configure({ limits: requests(4), consumers: [caller("alice", requests(9)), carol, caller("dave")] });
        assert.deepEqual(await statuses("carol/c", 2), [200, 429]);
        assert.equal((await as("alice/a")).status, 200, "a new limit starts a new count");
    });

    it("apply to a caller's open requests, and free a slot after each answer", async () => {
        slow = await startSlowAlpa();
        await configure({
            alpa: { endpoints: [slow.address] },
            consumers: [caller("alice", { concurrent: 1 }), caller("bob", { concurrent: 2 })],
        });
        let refusals = 0;
        const sent = ["alice/a", "alice/b", "bob/a", "bob/b"].map(async (who) => {
            const answer = await call(url, { key: keys[who], body: JSON.parse(SLOW_COMPLETION) as object });
            if (answer.status !== 200) refusals++;
            return answer;
        });
        const said = () => `three open and one rejected (${slow!.underWay()} and ${refusals})`;
        await eventually(said, async () => (slow!.underWay() === 3 && refusals === 1) || undefined);
        slow.release();
        const both = await Promise.all(sent);
        assert.deepEqual(
            both.slice(2).map((a) => a.status),
            [200, 200],
        );
        assert.deepEqual(
            both
                .slice(0, 2)
                .map((a) => a.status)
                .sort(),
            [200, 429],
        );
        const refused = both.find((a) => a.status === 429)!;
        assert.match(JSON.parse(refused.body).message, /at most 1 requests at the same time/);
        assert.equal(refused.headers.get("retry-after"), "1");
        assert.equal((await as("alice/a")).status, 200);
    });
});
