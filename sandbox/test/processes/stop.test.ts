/** Proves with real processes that everything that was started is stopped, and nothing else. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identify, isAlive } from "../../processes/identity";
import { ledgerPath, readLedger, writeLedger } from "../../processes/ledger";
import { running, spawnTracked, stopAll, waitFor } from "../../processes";
import { alive, ended, gone, SLEEPER, startNode, STUBBORN, temporaryFolder } from "./kit";

describe("Processes of the sandbox", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    beforeEach(() => (folder = temporaryFolder()));
    afterEach(async () => {
        await stopAll(folder.path, { graceSeconds: 0 });
        folder.remove();
    });

    const start = (name: string, script: string) =>
        spawnTracked({
            name,
            command: process.execPath,
            args: ["-e", script],
            logFile: join(folder.path, `${name}.log`),
            stateDir: folder.path,
        });

    it("are stopped in reverse order, each after the process that started later has exited", async () => {
        await start("first", SLEEPER);
        await start("second", SLEEPER);
        const order: string[] = [];
        await stopAll(folder.path, {
            log: (line) => order.push(`${line} with ${running(folder.path).map((r) => r.name)}`),
        });
        assert.deepEqual(order, ["stopping second with first,second", "stopping first with first"]);
    });

    it("are killed when they do not exit within their grace period", async () => {
        const one = await start("stubborn", STUBBORN);
        await waitFor("its first line", () => readFileSync(one.logFile, "utf8").includes("ready"), { seconds: 25 });
        await one.stop({ graceSeconds: 0.2 });
        assert.equal((await one.exited).signal, "SIGKILL");
    });

    it("are stopped with their own children", async () => {
        const script = `const c = require("child_process").spawn(process.execPath, ["-e", "${SLEEPER}"], { detached: true, stdio: "ignore" }); console.log(c.pid); ${SLEEPER}`;
        const one = await start("parent", script);
        const pid = await waitFor("the child's pid", () => Number(readFileSync(one.logFile, "utf8")) || undefined, {
            seconds: 25,
        });
        const child = alive(pid);
        await stopAll(folder.path);
        await gone(child);
    });

    it("are not mistaken for a later process with the same pid", async () => {
        const stranger = await startNode(SLEEPER);
        const real = identify(stranger.pid!)!;
        writeLedger(folder.path, [{ ...real, started: "another time", name: "etcd", command: "etcd" }]);
        await stopAll(folder.path);
        assert.equal(isAlive(real), true, "a stranger was ended");
        assert.deepEqual(readLedger(folder.path), []);
        stranger.kill("SIGKILL");
        await ended(stranger);
    });

    it("are not lost when their list is damaged", async () => {
        writeFileSync(ledgerPath(folder.path), "{ half");
        await assert.rejects(stopAll(folder.path), /must be a JSON list of processes/);
        writeLedger(folder.path, []);
    });
});
