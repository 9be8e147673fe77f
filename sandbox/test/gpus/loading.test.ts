// Proves when the sandbox's Alpa has loaded its model.
import assert from "node:assert/strict";
import { GpuFaults } from "../../gpus/faults";
import { launch } from "../../gpus/loading";

describe("sandbox Alpa while it loads", () => {
    const faults = new GpuFaults();
    const start = (loadSeconds: number) =>
        launch({ side: "pod", node: "dgx-01", faults, loadSeconds, alpa: { port: 0, seconds: 0 } });
    const status = async (port: number) =>
        (
            await fetch(`http://127.0.0.1:${port}/completions`, {
                method: "POST",
                body: '{"model":"default","prompt":"a"}',
            })
        ).status;
    afterEach(() => faults.clear());

    it("answers 400 after the launch, and completions when the model is loaded", async () => {
        const launched = await start(0.2);
        assert.equal(await status(launched.port), 400);
        assert.equal(launched.isLoaded(), false);
        assert.equal(await launched.ended, "loaded");
        assert.equal(await status(launched.port), 200);
        await launched.close();
    });

    it("has no model when a fault says so", async () => {
        faults.add({ step: "load" });
        const launched = await start(0);
        assert.equal(await launched.ended, "failed");
        assert.equal(await status(launched.port), 400);
        await launched.close();
    });

    it("loads forever when a fault says so", async () => {
        faults.add({ step: "hang" });
        const launched = await start(0);
        assert.equal(await status(launched.port), 400, "it does not load at once");
        await launched.close();
        assert.equal(await launched.ended, "closed");
    });

    it("is not affected by a fault for the other side", async () => {
        faults.add({ step: "load", side: "bare metal" });
        const launched = await start(0);
        assert.equal(await launched.ended, "loaded");
        await launched.close();
    });
});
