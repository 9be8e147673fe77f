// Proves that the callers of a class together never have more open requests than the class has slots. Meanwhile callers
// of other classes get answers. The gateway is the emulator or, with ALPA_AUTH_REAL, the real one. Costs three updates
// of one stack.
import { strict as assert } from "node:assert";
import { call, eventually, succeeded, TestStack, useWorld, type Answer } from "../kit";
import { SLOW_COMPLETION, startSlowAlpa, type SlowAlpa } from "../kit/slow-alpa";

const caller = (name: string, more: object = {}) => ({ name, credentials: [{ id: "k", method: "key" }], ...more });
const batch = (name: string) => caller(name, { class: "batch" });
const CHAT = caller("chat", { class: "interactive" });
const FULL = "class batch is full: the open requests of all its callers are limited to 1";

describe("a class of callers", () => {
    useWorld();
    let stack: TestStack;
    let alpa: SlowAlpa;
    let url: string;
    let keys: Record<string, string>;

    before(async () => {
        alpa = await startSlowAlpa();
        stack = await TestStack.create("classes");
        await configure([batch("night"), batch("weekend"), CHAT]);
    });
    after(async () => {
        succeeded(await stack.destroy());
        await alpa.close();
    });

    async function configure(consumers: object[], more: object = {}): Promise<void> {
        const classes = { interactive: 3, batch: 1 };
        stack.configure({
            ...{ alpa: { endpoints: [alpa.address] }, guard: { maxPrompts: 1 } },
            ...{ classes, consumers, ...more },
        });
        succeeded(await stack.up());
        ({ url, credentials: keys } = await stack.outputs());
    }

    const as = (who: string, options: object = {}): Promise<Answer> => call(url, { key: keys[`${who}/k`], ...options });
    const slowly = (who: string) => as(who, { body: JSON.parse(SLOW_COMPLETION) as object });

    /** Sends one slow request for each caller at once. @returns their statuses, after Alpa has answered all open requests */
    async function together(callers: string[], open: number): Promise<number[]> {
        let refused = 0;
        const sent = callers.map(async (who) => {
            const answer = await slowly(who);
            if (answer.status !== 200) refused++;
            return answer.status;
        });
        const said = () => `${open} of ${callers.length} open (${alpa.underWay()}, and ${refused} refused)`;
        await eventually(
            said,
            async () => (alpa.underWay() === open && refused === callers.length - open) || undefined,
        );
        alpa.release();
        return Promise.all(sent);
    }

    it("has no more open requests than its slots, while a caller of another class is served", async () => {
        const callers = ["night", "weekend", "chat", "night", "weekend", "chat", "weekend"];
        const statuses = await together(callers, 3);
        const of = (name: RegExp) => statuses.filter((_, i) => name.test(callers[i])).sort();
        assert.deepEqual(of(/chat/), [200, 200]);
        assert.deepEqual(of(/night|weekend/), [200, 429, 429, 429, 429]);
    });

    it("gets 429 with Retry-After while it is full, and its slot is free at the end of an answer", async () => {
        const first = slowly("night");
        await eventually("a full class", async () => alpa.underWay() === 1 || undefined);
        const refused = await as("weekend");
        assert.equal(refused.status, 429);
        assert.equal(refused.headers.get("content-type"), "application/json");
        assert.deepEqual(JSON.parse(refused.body), { type: "error", message: FULL, stacktrace: "" });
        assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/, "whole seconds: clients fail on fractions");
        const logprobs = { path: "/logprobs", body: { prompt: "x", top_k: 5 } };
        assert.equal((await as("weekend", logprobs)).status, 200, "counted apart");
        alpa.release();
        assert.equal((await first).status, 200);
        assert.equal((await as("weekend")).status, 200);
    });

    it("keeps its count when a caller joins it", async () => {
        const open = slowly("night");
        await eventually("a full class", async () => alpa.underWay() === 1 || undefined);
        await configure([batch("night"), batch("weekend"), batch("holiday"), CHAT]);
        assert.equal((await as("holiday")).status, 429);
        assert.equal((await as("chat")).status, 200);
        alpa.release();
        assert.equal((await open).status, 200);
        assert.equal((await as("holiday")).status, 200);
    });

    it("is counted once across all gateway pods", async () => {
        const sharedCounters = { whenDown: "refuse" };
        await configure([batch("night"), batch("weekend"), CHAT], { gateway: { replicas: 2, sharedCounters } });
        const callers = [
            "night",
            "weekend",
            "night",
            "weekend",
            "chat",
            "night",
            "weekend",
            "night",
            "weekend",
            "chat",
        ];
        const statuses = await together(callers, 3);
        assert.equal(statuses.filter((status) => status === 429).length, 7);
        assert.equal((await as("weekend")).status, 200);
    });
});
