// Proves that a command finds only a sandbox that still runs, and otherwise says how to start one.
import assert from "node:assert/strict";
import { join } from "node:path";
import { spawnTracked, type TrackedProcess } from "../../processes";
import { runningWorld, WORLD, writeFacts } from "../../world/state";
import { SLEEPER, temporaryFolder } from "../processes/kit";

describe("the running sandbox", () => {
    const folder = temporaryFolder();
    const dir = folder.path;
    const facts = { alpa: "a:1", stackFiles: dir, bin: dir, pulumi: "pulumi", parts: [] };
    let world: TrackedProcess;
    after(() => folder.remove());

    it("does not exist before it has started", () =>
        assert.throws(() => runningWorld(dir, "status"), /^Error: status: no sandbox is running in .* run: npm run/));

    it("is found while its process runs", async () => {
        const logFile = join(dir, "world.log");
        world = await spawnTracked({
            name: WORLD,
            command: process.execPath,
            args: ["-e", SLEEPER],
            logFile,
            stateDir: dir,
        });
        writeFacts(dir, "world", facts);
        assert.deepEqual(runningWorld(dir, "status"), facts);
    });

    it("is not found when its process was killed, although its facts still exist", async () => {
        process.kill(world.pid, "SIGKILL");
        await world.exited;
        assert.throws(
            () => runningWorld(dir, "status"),
            new Error(`status: the sandbox in ${dir} has ended. To start a new one, run: npm run sandbox -- up.`),
        );
    });
});
