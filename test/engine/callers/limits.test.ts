// Proves that a caller's limits count its requests with all its credentials, and no other requests; and that the callers
// of a class together never have more open requests than the class has slots. Alpa answers when the test says so, so the
// file also has the errors of an Alpa that is slow or down. Costs two runs of `up`.
import { strict as assert } from "node:assert";
import { call, eventually, succeeded, TestStack, useWorld, type Answer } from "../kit";
import { SLOW_COMPLETION, startSlowAlpa, type SlowAlpa } from "../kit/slow-alpa";

const key = (id: string) => ({ id, method: "key" });
const caller = (name: string, limits?: object, ...more: object[]) => ({
    name,
    limits,
    credentials: [key("a"), key("b"), ...more],
});
/** A limit whose window is longer than any test, so that only the number of requests counts. */
const requests = (count: number) => ({ requests: count, perSeconds: 3600 });
const member = (name: string, of = "batch") => ({ ...caller(name, requests(1000)), class: of });
const CLASSED = [member("night"), member("weekend"), member("chat", "interactive")];
const FULL = "class batch is full: the open requests of all its callers are limited to 1";

describe("limits", () => {
    useWorld();
    let stack: TestStack;
    let slow: SlowAlpa;
    let url: string;
    let keys: Record<string, string>;

    async function configure(consumers: object[], alpa: object = {}): Promise<void> {
        stack.configure({
            ...{ alpa: { endpoints: [slow.address], ...alpa }, guard: { maxPrompts: 1 } },
            ...{ classes: { interactive: 3, batch: 1 }, limits: requests(4), consumers },
        });
        succeeded(await stack.up());
        ({ url, credentials: keys } = await stack.outputs());
    }
    const as = (who: string, options: object = {}): Promise<Answer> => call(url, { key: keys[who], ...options });
    const slowly = (who: string) => as(who, { body: JSON.parse(SLOW_COMPLETION) as object });
    const statuses = async (who: string, times: number) => {
        const list: number[] = [];
        for (let i = 0; i < times; i++) list.push((await as(who)).status);
        return list;
    };
    /** Checks the form of an error. @returns its message */
    const messageOf = (answer: Answer, status: number): string => {
        assert.equal(answer.status, status, answer.body);
        assert.equal(answer.headers.get("content-type"), "application/json");
        const { message, ...rest } = JSON.parse(answer.body);
        assert.deepEqual(rest, { type: "error", stacktrace: "" });
        return message;
    };
    /** Sends slow requests at once. @returns their answers by caller, after Alpa has answered all `open` requests */
    async function together(callers: string[], open: number): Promise<Answer[]> {
        let refused = 0;
        const sent = callers.map(async (who) => {
            const answer = await slowly(who);
            if (answer.status !== 200) refused++;
            return answer;
        });
        const said = () => `${open} of ${callers.length} open (${slow.underWay()}, and ${refused} refused)`;
        await eventually(
            said,
            async () => (slow.underWay() === open && refused === callers.length - open) || undefined,
        );
        slow.release();
        return Promise.all(sent);
    }

    before(async () => {
        slow = await startSlowAlpa();
        stack = await TestStack.create("limits");
        const own = [
            caller("alice", requests(2)),
            caller("dora", { concurrent: 1 }),
            caller("erin", { concurrent: 2 }),
        ];
        await configure([...own, caller("bob"), caller("carol"), ...CLASSED]);
    });
    after(() => slow?.close());

    it("apply to one caller over all its credentials, with Retry-After in the 429", async () => {
        const first = await as("alice/a");
        assert.deepEqual([first.status, first.headers.get("x-ratelimit-remaining")], [200, "1"]);
        assert.equal((await as("alice/b")).status, 200);
        const refused = await as("alice/a");
        const said = "over the limit of this caller: try again after the seconds in Retry-After";
        assert.equal(messageOf(refused, 429), said);
        assert.equal(refused.headers.get("x-ratelimit-limit"), "2");
        assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/, "whole seconds: clients fail on fractions");
        const wait = Number(refused.headers.get("retry-after"));
        assert.ok(wait > 3000 && wait <= 3600, `${wait} s`);
    });

    it("are the stack's for a caller without limits of its own", async () =>
        assert.deepEqual(await statuses("bob/a", 5), [200, 200, 200, 200, 429]));

    it("apply to a caller's open requests, and free a slot after each answer", async () => {
        const answers = await together(["erin/a", "erin/b", "dora/a", "dora/b"], 3);
        const [refused, ...served] = [...answers].sort((a, b) => b.status - a.status);
        assert.deepEqual(new Set(served.map(({ status }) => status)), new Set([200]));
        assert.ok(answers.indexOf(refused) >= 2, "a request of dora");
        assert.match(messageOf(refused, 429), /at most 1 requests at the same time/);
        assert.equal(refused.headers.get("retry-after"), "1");
        assert.equal((await as("dora/a")).status, 200);
    });

    it("of a class are its slots, while a caller of another class is served", async () => {
        const callers = ["night", "weekend", "chat", "night", "weekend", "chat", "weekend"];
        const answers = await together(
            callers.map((name) => `${name}/a`),
            3,
        );
        const of = (name: RegExp) => answers.filter((_, i) => name.test(callers[i])).map(({ status }) => status);
        assert.deepEqual(of(/chat/), [200, 200]);
        assert.deepEqual(of(/night|weekend/).sort(), [200, 429, 429, 429, 429]);
    });

    it("of a full class answer 429 with Retry-After, and its slot is free at the end of an answer", async () => {
        const first = slowly("night/a");
        await eventually("a full class", async () => slow.underWay() === 1 || undefined);
        const refused = await as("weekend/a");
        assert.equal(messageOf(refused, 429), FULL);
        assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/, "whole seconds: clients fail on fractions");
        const logprobs = { path: "/logprobs", body: { prompt: "x", top_k: 5 } };
        assert.equal((await as("weekend/a", logprobs)).status, 200, "counted apart");
        slow.release();
        assert.equal((await first).status, 200);
        assert.equal((await as("weekend/a")).status, 200);
    });

    it("keep every count when a caller joins, or another caller, a credential or another caller's limit changes", async () => {
        assert.deepEqual(await statuses("carol/a", 3), [200, 200, 200]);
        const open = slowly("night/a");
        await eventually("a full class", async () => slow.underWay() === 1 || undefined);
        const own = [caller("alice", requests(9)), caller("carol", undefined, key("c")), caller("dave")];
        await configure([...own, ...CLASSED, member("holiday")], { answerTimeoutSeconds: 1 });
        assert.equal((await as("holiday/a")).status, 429);
        assert.equal((await as("chat/a")).status, 200);
        slow.release();
        assert.equal((await open).status, 200);
        assert.equal((await as("holiday/a")).status, 200);
        assert.deepEqual(await statuses("carol/c", 2), [200, 429]);
        assert.equal((await as("alice/a")).status, 200, "a new limit starts a new count");
    });

    it("of time end a longer answer with an Alpa-shaped 504, and do not retry", async () => {
        const before = slow.asked();
        messageOf(await slowly("chat/a"), 504);
        assert.equal(slow.asked(), before + 1);
    });

    it("do not hide that Alpa is down: an Alpa-shaped 502", async () => {
        await slow.close();
        messageOf(await as("chat/a"), 502);
    });
});
