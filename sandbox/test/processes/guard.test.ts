/** Proves with real processes that the guard ends everything when the command line is killed, and not before. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { isAlive } from "../../processes/identity";
import { readLedger, type Entry } from "../../processes/ledger";
import { stopAll } from "../../processes";
import { alive, ended, firstLine, gone, SLEEPER, startNode, temporaryFolder } from "./kit";

const processes = JSON.stringify(join(__dirname, "../../../sandbox/processes"));

describe("Guard", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let commandLine: ChildProcess;
    beforeEach(() => (folder = temporaryFolder()));
    afterEach(async () => {
        commandLine.kill("SIGKILL");
        await stopAll(folder.path, { graceSeconds: 0 });
        folder.remove();
    });

    /**
     * Starts a process that acts as a command line. It starts a guard and a tracked process, and then runs the code
     * `after`.
     */
    async function start(after = ""): Promise<Record<string, Entry>> {
        const script = `
            const { startGuard, spawnTracked } = require(${processes});
            const stateDir = ${JSON.stringify(folder.path)};
            (async () => {
                const guard = await startGuard({ stateDir, sandboxId: "test" });
                await spawnTracked({ name: "etcd", command: process.execPath, args: ["-e", ${JSON.stringify(SLEEPER)}],
                    logFile: stateDir + "/etcd.log", stateDir });
                ${after}
                console.log("started");
                setInterval(() => undefined, 1e9);
            })();`;
        commandLine = spawn(process.execPath, ["--require=tsx/cjs", "-e", script], {
            stdio: ["ignore", "pipe", "inherit"],
        });
        assert.equal(await firstLine(commandLine), "started");
        return Object.fromEntries(readLedger(folder.path).map((entry) => [entry.name, entry]));
    }

    it("ends everything, itself included, when the command line is killed with -9", async () => {
        const { guard, etcd } = await start();
        commandLine.kill("SIGKILL");
        await gone(etcd);
        await gone(guard);
        assert.deepEqual(readLedger(folder.path), []);
    });

    it("ends everything when the world that it guards after its release is killed", async () => {
        const world = await startNode(SLEEPER);
        const { guard, etcd } = await start(`await guard.release(${world.pid});`);
        commandLine.kill("SIGKILL");
        await ended(commandLine);
        assert.equal(isAlive(etcd), true);
        assert.ok(alive(world.pid!));
        world.kill("SIGKILL");
        await gone(etcd);
        await gone(guard);
    });
});
