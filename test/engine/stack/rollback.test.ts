// Proves on the real engine that one command rolls a stack back to an earlier version. No request fails of a caller
// that exists in both versions. test/chaos tests rollbacks to another program, option or exposure, and refused
// rollbacks.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { call, current, TestStack, useWorld } from "../kit";
import { Clone } from "../kit/rollback";
import { under } from "../kit/traffic";

const key = (id: string) => ({ id, method: "key" });
const alice = { name: "alice", credentials: [key("a1")] };
const bob = { name: "bob", credentials: [key("b1")] };

describe("ops stack rollback on the engine", () => {
    useWorld();

    it("restores a caller, and no request of the other caller fails", async () => {
        const { world, dir } = current();
        const clone = new Clone(join(dir, "clone"), { dir, facts: world.facts });
        const stack = await TestStack.create("rollback", { consumers: [alice] });
        await clone.up(stack);
        stack.configure({ consumers: [alice, bob] });
        await clone.up(stack);
        const { url, credentials } = await stack.outputs();
        const ask = async () => (await call(url, { key: credentials["alice/a1"] })).status;
        const { done, failed } = await under(ask, () => clone.back(stack, 1));
        assert.deepEqual(failed, []);
        assert.match(done.stdout, /caller-removed {2}Caller bob loses access/);
        assert.deepEqual(Object.keys((await stack.outputs()).credentials).sort(), ["alice/a1"]);
        clone.assertClean();
        await stack.destroy();
    });
});
