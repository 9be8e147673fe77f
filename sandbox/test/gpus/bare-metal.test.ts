// Proves the emulator of Alpa on bare metal, over SSH and HTTP like the project uses it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BareMetal, UNIT } from "../../gpus/bare-metal";
import { GpuFaults } from "../../gpus/faults";
import { GpuLedger } from "../../gpus/ledger";
import { freePort, waitFor } from "../../processes";
import { on } from "../hosts/kit";

const NODES = ["dgx-01", "dgx-02"];

describe("sandbox Alpa on bare metal", function () {
    const faults = new GpuFaults();
    const ledger = new GpuLedger(new Map(NODES.map((name) => [name, 8])), faults);
    let bareMetal: BareMetal;
    let port: number;
    let stateDir: string;

    before(async () => {
        stateDir = mkdtempSync(join(tmpdir(), "bare-metal-"));
        port = await freePort();
        const alpa = { port, seconds: 0 };
        const log = () => undefined;
        bareMetal = await BareMetal.start({
            nodes: NODES,
            ledger,
            faults,
            loadSeconds: 0.5,
            stopSeconds: 3,
            alpa,
            stateDir,
            log,
        });
    });
    after(async () => {
        await bareMetal.close();
        rmSync(stateDir, { recursive: true, force: true });
    });
    afterEach(() => faults.clear());

    /** Runs a command line on a host. @returns its output and, on the last line, its exit code */
    const sh = async (host: number, command: string) =>
        (await on(bareMetal.hosts[host].host, `{ ${command}; } 2>&1; echo "= $?"`)).stdout.trim();
    // Resets the count of starts. Without this, all tests together would exceed systemd's limit.
    const reset = `sudo systemctl reset-failed ${UNIT}; `;
    const all = (verb: string) =>
        Promise.all(NODES.map((_, host) => sh(host, `${reset}sudo systemctl ${verb} ${UNIT}`)));
    const pids = (host: number) => sh(host, "nvidia-smi --query-compute-apps=pid --format=csv,noheader");
    /** Requests a completion. Returns the status and the text of the answer, or undefined if there is no answer. */
    const complete = async () => {
        const body = JSON.stringify({ model: "default", prompt: "Paris is", max_tokens: 8 });
        const answer = await fetch(`http://127.0.0.1:${port}/completions`, { method: "POST", body }).catch(
            () => undefined,
        );
        return answer && { status: answer.status, text: await answer.text() };
    };
    const silent = () => waitFor("Alpa: silent", async () => (await complete()) === undefined, { seconds: 100 });
    /** Waits until no process uses a host's GPUs. The project's scripts check this with the same command. */
    const free = (host: number) =>
        waitFor(`GPUs of ${NODES[host]}: free`, async () => (await pids(host)) === "= 0", { seconds: 100 });
    const answering = () =>
        waitFor("Alpa: answering", async () => (await complete())?.status === 200, { seconds: 100 });
    const failedUnit = (host: number) =>
        waitFor("unit: failed", async () => /^failed/.test(await sh(host, `systemctl is-active ${UNIT}`)), {
            seconds: 100,
        });
    const start = async () => {
        assert.deepEqual(await all("start"), ["= 0", "= 0"]);
        await answering();
    };

    it("stops: no port and free GPUs; and starts: its port answers 400 until the model is loaded", async () => {
        assert.deepEqual(await all("stop"), ["= 0", "= 0"]);
        for (const host of [0, 1]) await free(host);
        await silent();
        // The requests begin before Alpa is started: loading takes only half a second, and on a busy machine the SSH
        // command takes as long.
        const [first, started] = await Promise.all([
            waitFor("Alpa's port: open", complete, { seconds: 100, everyMilliseconds: 10 }),
            all("start"),
        ]);
        assert.deepEqual(started, ["= 0", "= 0"]);
        assert.equal(first.status, 400);
        assert.match(first.text, /Model 'default' is not registered/);
        await answering();
    });

    it("fails where a pod holds the GPUs, with the program's message in the journal", async () => {
        await all("stop");
        await free(0);
        const hold = ledger.take(NODES[0], { side: "pod", name: "llm/opt-head", gpus: 8 })!;
        assert.equal(await sh(0, `sudo systemctl start ${UNIT}`), "= 0");
        await failedUnit(0);
        assert.match(await sh(0, `sudo journalctl -u ${UNIT} -n 5`), /RESOURCE_EXHAUSTED: Out of memory/);
        assert.match(await pids(0), /^(\d+\n){8}= 0$/, "the pod's GPUs");
        hold.release();
        await start();
    });
});
