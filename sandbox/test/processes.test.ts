/** Proves with real processes that everything that was started is ended, in every case, and nothing else. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { hasProc, identify, isAlive, type ProcessIdentity } from "../processes/identity";
import {
    describeHolder,
    endOrphanPlugins,
    findOrphanPlugins,
    running,
    spawnTracked,
    stopAll,
    waitFor,
    whoHolds,
} from "../processes";
import { type Entry, ledgerPath, readLedger, writeLedger } from "../processes/ledger";
import { SANDBOX_MARK } from "../processes/proc-table";

/** Script that runs until it is stopped. */
const SLEEPER = "setInterval(() => undefined, 1e9)";
/** Script that ignores SIGTERM. It prints "ready" when it has installed the handler of the signal. */
const STUBBORN = `process.on("SIGTERM", () => undefined); console.log("ready"); ${SLEEPER}`;

function temporaryFolder(): { path: string; remove: () => void } {
    const path = mkdtempSync(join(tmpdir(), "alpa-auth-test-"));
    return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a script with Node.js. Resolves when the process has started. */
async function startNode(script: string, env: NodeJS.ProcessEnv = {}, args: string[] = []): Promise<ChildProcess> {
    const child = spawn(process.execPath, ["-e", script, ...args], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    return child;
}

function firstLine(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
        let text = "";
        child.stdout!.on("data", (chunk: Buffer) => {
            text += chunk.toString();
            if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
        });
        child.once("exit", (code) => reject(new Error(`ended with ${code} before its first line`)));
    });
}

function ended(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => child.once("exit", () => resolve()));
}

async function gone(process: ProcessIdentity, seconds = 25): Promise<void> {
    await waitFor(`end of process ${process.pid}`, () => !isAlive(process), { seconds });
}

function alive(pid: number): ProcessIdentity {
    const found = identify(pid);
    if (!found) throw new Error(`process ${pid}: must be running (it is not).`);
    return found;
}

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

const processes = JSON.stringify(join(__dirname, "../../sandbox/processes"));

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

describe("Orphaned Pulumi plugins", () => {
    // Only Linux shows the environment of a process; on other systems no plugin may be found or ended.
    if (hasProc) {
        it("are ended after a kill -9 of pulumi, and not while it runs", async () => {
            const folder = temporaryFolder();
            const id = `test-${process.pid}`;
            const plugin = join(folder.path, "pulumi-resource-test.js");
            writeFileSync(plugin, SLEEPER);
            const script = `
                const env = { ...process.env, ${SANDBOX_MARK}: ${JSON.stringify(id)} };
                const plugin = require("child_process").spawn(process.execPath, [${JSON.stringify(plugin)}],
                    { env, stdio: "ignore", detached: true });
                console.log(plugin.pid);
                ${SLEEPER}`;
            const pulumi = spawn(process.execPath, ["-e", script], {
                argv0: "pulumi",
                stdio: ["ignore", "pipe", "inherit"],
            });
            const pluginPid = Number(await firstLine(pulumi));
            try {
                const identity = alive(pluginPid);
                assert.deepEqual(findOrphanPlugins(id), [], "its pulumi still runs");
                pulumi.kill("SIGKILL");
                await ended(pulumi);
                const found = await waitFor(
                    "the orphan",
                    () => (findOrphanPlugins(id).length === 1 ? findOrphanPlugins(id) : undefined),
                    { seconds: 25 },
                );
                assert.deepEqual(
                    found.map((orphan) => [orphan.pid, orphan.name]),
                    [[pluginPid, "pulumi-resource-test"]],
                );
                assert.equal(await endOrphanPlugins(id), 1);
                await gone(identity);
            } finally {
                pulumi.kill("SIGKILL");
                await endOrphanPlugins(id);
                folder.remove();
            }
        });
    }
});

describe("Ports", () => {
    it("name their holder by program, never by its arguments", async () => {
        const folder = temporaryFolder();
        const script = join(folder.path, "holder.js");
        writeFileSync(
            script,
            `const s = require("net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port));`,
        );
        const child = spawn(process.execPath, [script, "--token", "s3cret"], { stdio: ["ignore", "pipe", "inherit"] });
        const port = Number(await firstLine(child));
        const holder = whoHolds(port);
        assert.equal(holder?.pid, child.pid);
        assert.match(describeHolder(port), /held by node/);
        assert.doesNotMatch(JSON.stringify(holder) + describeHolder(port), /s3cret/);
        child.kill("SIGKILL");
        await ended(child);
        assert.equal(whoHolds(port), undefined);
        folder.remove();
    });
});
