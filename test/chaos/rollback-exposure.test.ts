// Proves on the real engine that a rollback changes the exposure from `direct` to `tunnel` and back, directly and over
// a version with both. No request fails through an exposure that both versions have. Cloudflare and the gateway are
// emulators.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { SAMPLE_COMPLETION } from "../../components/alpa/sample";
import { freePortFrom } from "../../sandbox/processes";
import { eventually, ExposedStack, here, useExposure } from "../engine/kit/cloudflare/exposed-stack";
import { Clone } from "../engine/kit/rollback";
import { under } from "../engine/kit/traffic";

const consumers = [{ name: "alice", credentials: [{ id: "k1", method: "key" }] }];

describe("ops stack rollback from one exposure to another", () => {
    let stack: ExposedStack;
    let clone: Clone;
    let port: number;
    let apikey: string;
    // Mocha runs hooks in the order of their definition. This hook needs the world, so it is defined before the hook that
    // ends the world.
    after(async () => {
        await stack?.destroy();
    });
    useExposure();

    before(async () => {
        const { world, dir } = here();
        clone = new Clone(join(dir, "clone"), { dir, facts: world.facts });
        stack = await ExposedStack.create("ways", { consumers });
        port = await freePortFrom(31200);
    });

    async function byPort(): Promise<number> {
        const answer = await fetch(`http://127.0.0.1:${port}/alpa/completions`, {
            method: "POST",
            headers: { "Content-Type": "application/json", apikey, Connection: "close" },
            body: SAMPLE_COMPLETION,
        });
        await answer.arrayBuffer();
        return answer.status;
    }
    const byName = async () => (await stack.call("/alpa/completions", { apikey })).status;
    const closed = (way: () => Promise<number>) =>
        eventually("the way closed", async () => ((await way().catch(() => 0)) !== 200 ? true : undefined), 10);

    it("starts with three versions: node port, node port and tunnel, tunnel", async () => {
        stack.configureAzure({ consumers, gateway: { nodePort: port, address: "127.0.0.1" } });
        await clone.up(stack);
        stack.configure({ consumers, gateway: { nodePort: port } });
        await clone.up(stack);
        apikey = (await stack.outputs()).credentials["alice/k1"];
        stack.configure({ consumers });
        await clone.up(stack);
        assert.equal(await byName(), 200);
        await closed(byPort);
    });

    it("opens the node port again, without a failed request by the tunnel", async () => {
        const { failed } = await under(byName, () => clone.back(stack, 2));
        assert.deepEqual(failed, []);
        assert.equal(await byPort(), 200);
    });

    it("closes the tunnel, without a failed request by the node port", async () => {
        const { done, failed } = await under(byPort, () => clone.back(stack, 1));
        assert.deepEqual(failed, []);
        assert.match(done.stdout, /BREAKS CALLERS/);
        assert.ok([...here().account.tunnels.values()].every((tunnel) => tunnel.deleted_at));
    });

    it("goes from the node port to the tunnel in one step: keys stay, and the node port is closed", async () => {
        const { failed } = await under(byPort, () => clone.back(stack, 3));
        console.log(`      by the port: ${[...new Set(failed)].join(", ")}`);
        assert.equal(await byName(), 200);
        await closed(byPort);
    });

    it("goes from the tunnel to the node port in one step", async () => {
        const { failed } = await under(byName, () => clone.back(stack, 1));
        console.log(`      by the tunnel: ${[...new Set(failed)].join(", ")}`);
        assert.equal(await byPort(), 200);
        await closed(byName);
        clone.assertClean();
    });
});
