// Proves on the real engine which rollbacks are allowed in each phase of option intra-b. In the first phase, in which
// bare metal serves, the stack rolls back to intra-a and is upgraded again without a failed request. In any later phase
// `stack rollback` refuses and names `convert run`. Hosts, kubelets, Ray, Alpa and the gateway are emulators.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import type { World } from "../../sandbox/world/world";
import { ask, ConversionStack } from "../engine/kit/conversion/conversion-stack";
import { gpuWorld } from "../engine/kit/conversion/gpu-world";
import { freeNodePort } from "../engine/kit";
import type { Place } from "../engine/kit/place";
import { Clone } from "../engine/kit/rollback";
import { TOOLS_MILLISECONDS } from "../engine/kit/stack";
import { under } from "../engine/kit/traffic";

describe("ops stack rollback from intra-b to intra-a and back", () => {
    let place: Place<World> | undefined;
    let stack: ConversionStack;
    let clone: Clone;
    let url: string;
    let key: string;

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        place = await gpuWorld();
        const { world, dir } = place;
        clone = new Clone(join(dir, "clone"), { dir, facts: world.facts });
        stack = await ConversionStack.create("back", world, dir, await freeNodePort());
        await clone.up(stack);
        stack.ask("prepare");
        await clone.up(stack);
        const outputs = await stack.outputs();
        url = outputs.url;
        key = outputs.credentials["lab/2026a"];
    });
    after(async () => {
        await stack?.destroy();
        await place?.end();
    });
    const call = async () => (await ask(url, key)).status;

    it("goes back from the first phase without a failed request, and keeps the secrets of the hosts", async () => {
        const { done, failed } = await under(call, () => clone.back(stack, 1));
        assert.deepEqual(failed, []);
        assert.match(done.stderr, /Config keys with secrets, which keep their current value: .*convert/);
        assert.equal((await stack.outputs()).conversion, undefined);
    });

    it("goes to the first phase again without a failed request", async () => {
        const { failed } = await under(call, () => clone.back(stack, 2));
        assert.deepEqual(failed, []);
        assert.equal((await stack.outputs()).conversion?.phase, "prepare");
    });

    it("is refused in a later phase, names the command that goes back, and changes nothing", async () => {
        stack.ask("drain");
        await clone.up(stack);
        const before = await stack.resources();
        for (const to of ["1", "2"]) {
            const { code, stderr } = await clone.ops(stack, "stack", "rollback", "--to", to, "--yes");
            assert.notEqual(code, 0, stderr);
        }
        assert.deepEqual(await stack.resources(), before);
        clone.assertClean();
    });
});
