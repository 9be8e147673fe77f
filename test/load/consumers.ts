/**
 * Rotates and revokes a caller's key and changes its limit while two callers send requests: `npm run load`. Each caller
 * keeps ten requests open until four changes are done. Fails if a request with a valid key fails. Takes about two
 * minutes.
 */
import { strict as assert } from "node:assert";
import { call, succeeded, TestStack, useWorld } from "../engine/kit";
import { answer, SteadyCallers, type Answer } from "../engine/kit/traffic";

/** Requests that each caller keeps open. The Alpa emulator takes about a second for each batch of four. */
const OPEN = 10;
const WINDOW = { requests: 100_000, perSeconds: 3600 };

const key = (id: string) => ({ id, method: "key" });
const bob = { name: "bob", credentials: [key("k")] };
const alice = (ids: string[], limits?: object) => ({ name: "alice", limits, credentials: ids.map(key) });

/** Number of answers by status. */
function counted(answers: Answer[]): Record<string, number> {
    return Object.fromEntries([...new Set(answers)].map((one) => [one, answers.filter((a) => a === one).length]));
}

describe("steady traffic of two callers", function () {
    this.timeout(10 * 60_000);
    useWorld();

    it("fails no request while one of them is rotated, gets other limits and is revoked", async () => {
        const stack = await TestStack.create("load", { consumers: [alice(["a"]), bob] });
        succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        const keys = { alice: credentials["alice/a"], bob: credentials["bob/k"] };
        const steady = (name: keyof typeof keys) =>
            new SteadyCallers(
                answer(async () => (await call(url, { key: keys[name] })).status),
                OPEN,
            );
        const callers = { alice: steady("alice"), bob: steady("bob") };
        const rows: object[] = [];
        const change = async (what: string, consumers: object[]) => {
            const start = Date.now();
            stack.configure({ consumers });
            succeeded(await stack.up());
            rows.push({ change: what, seconds: Number(((Date.now() - start) / 1000).toFixed(1)) });
        };
        await change("alice gets a second key", [alice(["a", "b"]), bob]);
        keys.alice = (await stack.outputs()).credentials["alice/b"];
        await change("alice gets a limit", [alice(["a", "b"], WINDOW), bob]);
        const wider = { ...WINDOW, requests: 2 * WINDOW.requests };
        await change("alice gets another limit", [alice(["a", "b"], wider), bob]);
        await change("alice's first key is revoked", [alice(["b"], wider), bob]);
        const revoked = (await call(url, { key: credentials["alice/a"] })).status;
        console.table(rows);
        const answers = { alice: counted(await callers.alice.stop()), bob: counted(await callers.bob.stop()) };
        console.table(answers);
        console.log(`the revoked key is answered ${revoked}`);
        assert.equal(revoked, 401);
        for (const [name, all] of Object.entries(answers)) assert.deepEqual(Object.keys(all), ["200"], name);
        succeeded(await stack.destroy());
    });
});
