// Proves what the scripts for bare metal do. A real shell runs them over SSH on sandbox hosts. systemd, GPUs, their
// driver and Ray are emulators.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import * as http from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { bareMetalScript } from "../../../../components/hosts/bare-metal/bare-metal";
import type { BareMetalArgs } from "../../../../components/hosts/bare-metal/settings";
import { commandLine } from "../../../../components/hosts/script";
import { BareMetal, UNIT } from "../../../../sandbox/gpus/bare-metal";
import { GpuFaults } from "../../../../sandbox/gpus/faults";
import { GpuLedger } from "../../../../sandbox/gpus/ledger";
import { nvidiaSmi } from "../../../../sandbox/gpus/nvidia-smi";
import { failed } from "../../../../sandbox/hosts/reply";
import { freePort, waitFor } from "../../../../sandbox/processes";
import { on } from "../../../../sandbox/test/hosts/kit";

const NODES = ["dgx-01", "dgx-02"];
const NVIDIA_SMI = "/usr/local/sbin/nvidia-smi";
const FOUND = "boot=as-found";

describe("scripts for bare metal", function () {
    const faults = new GpuFaults();
    const ledger = new GpuLedger(new Map(NODES.map((name) => [name, 8])), faults);
    let bareMetal: BareMetal;
    let port: number;
    let stateDir: string;
    let arrived = 0;

    before(async () => {
        stateDir = mkdtempSync(join(tmpdir(), "bare-metal-script-"));
        port = await freePort();
        bareMetal = await BareMetal.start({
            ...{ nodes: NODES, ledger, faults, loadSeconds: 1, stopSeconds: 2, stateDir },
            alpa: { port, seconds: 1, onRequest: () => arrived++ },
            log: () => undefined,
        });
    });
    after(async () => {
        await bareMetal.close();
        rmSync(stateDir, { recursive: true, force: true });
    });
    afterEach(async () => {
        faults.clear();
        ledger.sweep();
        await begin();
    });

    const args = (more: Partial<BareMetalArgs> = {}): BareMetalArgs => ({
        ...{
            hosts: [],
            how: { unit: UNIT },
            alpaHost: "127.0.0.1",
            port,
            stopTimeoutSeconds: 30,
            startTimeoutSeconds: 120,
        },
        ...{ running: true, portShared: false, answerTimeoutSeconds: 30, attempt: 0 },
        ...more,
    });
    const run = async (host: number, words: string[], more: Partial<BareMetalArgs> = {}) => {
        const line = commandLine(NODES[host], "alpa-auth/dev", ...words);
        return (await on(bareMetal.hosts[host].host, line, bareMetalScript(args(more)))).stdout.trim();
    };
    const systemctl = async (host: number, verb: string) => {
        const said = await on(bareMetal.hosts[host].host, `systemctl ${verb} ${UNIT} || :`);
        return said.stdout.trim();
    };
    const cease = async (...words: string[]) => {
        await run(0, ["stop", "after-answers", ...words, FOUND]);
        return run(1, ["stop", FOUND]);
    };
    const start = async () => {
        const said = await run(0, ["start", FOUND]);
        assert.match(said, /^runs: /);
        await run(1, ["start", `head=${said.split(" ").pop()}`, FOUND]);
    };
    const begin = async () => {
        await start();
        return run(0, ["answers"]);
    };
    const complete = async () => {
        const body = JSON.stringify({ model: "default", prompt: "Paris is", max_tokens: 8 });
        return (await fetch(`http://127.0.0.1:${port}/completions`, { method: "POST", body })).status;
    };
    const holders = () => NODES.flatMap((node) => ledger.on(node).map(({ name }) => name));

    it("do not restart what runs already", async () => {
        const before = NODES.map((node) => ledger.on(node)[0].pid);
        assert.equal(await begin(), "answers");
        assert.deepEqual(
            NODES.map((node) => ledger.on(node)[0].pid),
            before,
        );
    });

    it("stop Alpa when open answers have ended, and finish when the GPUs are free", async () => {
        const before = arrived;
        const answer = complete();
        await waitFor("a request in transit", () => arrived > before, { seconds: 100 });
        assert.equal(await cease(), "stopped, GPUs free");
        assert.equal(await answer, 200);
        assert.deepEqual(holders(), []);
        assert.equal(await run(0, ["silent"]), "silent");
        assert.equal(await cease(), "stopped before", "a second run changes nothing");
    });

    it("wait no longer than the longest answer may take", async () => {
        const held = http.request({ port, host: "127.0.0.1", method: "POST", headers: { "Content-Length": 1000 } });
        held.on("error", () => undefined);
        held.write("{");
        await new Promise((resolve) => held.once("socket", (socket) => socket.once("connect", resolve)));
        assert.equal(await run(0, ["stop", "after-answers", FOUND], { answerTimeoutSeconds: 1 }), "stopped, GPUs free");
        held.destroy();
    });

    it("start Alpa, and finish when Alpa answers with its model loaded", async () => {
        await cease();
        await start();
        const open = await fetch(`http://127.0.0.1:${port}/`).then(
            () => true,
            () => false,
        );
        assert.equal(await run(0, ["answers"]), "answers");
        assert.equal(await complete(), 200, `its port was ${open ? "open" : "closed"} before`);
    });

    it("restart a worker that belongs to an earlier run of the head, for example after an incomplete stop", async () => {
        const pid = () => ledger.on("dgx-02")[0].pid;
        const before = pid();
        assert.equal(await run(0, ["stop", "after-answers", FOUND]), "stopped, GPUs free");
        assert.equal(await begin(), "answers");
        assert.notEqual(pid(), before);
        const after = pid();
        assert.equal(await begin(), "answers");
        assert.equal(pid(), after, "once");
        const { host } = bareMetal.hosts[1];
        await on(host, "sudo rm /etc/alpa-auth-bare-metal/alpa-auth,dev/run");
        assert.equal(await begin(), "answers");
        assert.equal(pid(), after, "an unknown process is not stopped");
    });

    it("do not start Alpa while another process holds the GPUs, and name that process", async () => {
        await cease();
        const hold = ledger.take("dgx-01", { side: "pod", name: "alpa-auth/alpa-opt-head", gpus: 8 })!;
        await assert.rejects(run(0, ["start", FOUND], { stopTimeoutSeconds: 1 }), {
            message: /dgx-01: the GPUs were not free after 1 s, so Alpa was not started \(processes that use them: \d+/,
        });
        assert.equal(await systemctl(0, "is-active"), "inactive");
        hold.release();
        assert.match(await run(0, ["start", FOUND]), /^runs: /);
    });

    it("do not treat a warning of nvidia-smi as a process that holds a GPU", async () => {
        const { host } = bareMetal.hosts[1];
        const warning = "WARNING: infoROM is corrupted at gpu 0000:3B:00.0";
        host.stage.lay(NVIDIA_SMI, ({ args }) => {
            const { out, ...rest } = nvidiaSmi(args, ledger, "dgx-02");
            return { ...rest, out: `${out.trim()}\n${warning}\n` };
        });
        try {
            assert.equal(await run(1, ["stop", FOUND]), "stopped, GPUs free");
            const hold = ledger.take("dgx-02", { side: "pod", name: "alpa-auth/alpa-opt-worker", gpus: 1 })!;
            await assert.rejects(run(1, ["start", FOUND], { stopTimeoutSeconds: 1 }), { message: /use them: \d+ \)/ });
            hold.release();
        } finally {
            host.stage.lay(NVIDIA_SMI, ({ args }) => nvidiaSmi(args, ledger, "dgx-02"));
        }
    });

    it("wait for a service that is already starting, for example after an interrupted run, and not for its own GPUs", async () => {
        const { host } = bareMetal.hosts[1];
        const file = `/etc/systemd/system/${UNIT}`;
        await host.systemctl("stop", UNIT);
        await on(
            host,
            `sudo cp ${file} /root/unit; sudo sed -i 's/^\\[Service\\]$/&\\nType=notify/' ${file}; sudo systemctl daemon-reload`,
        );
        try {
            const cutOff = host.systemctl("start", UNIT);
            await waitFor("GPUs held", () => ledger.on("dgx-02").length > 0, { seconds: 100 });
            assert.equal(await systemctl(1, "is-active"), "activating");
            const limits = { stopTimeoutSeconds: 1, startTimeoutSeconds: 2 };
            await assert.rejects(run(1, ["start", FOUND], limits), { message: /did not start within 2 s/ });
            await host.systemctl("stop", UNIT);
            await cutOff;
        } finally {
            await on(host, `sudo cp /root/unit ${file}; sudo systemctl daemon-reload`);
        }
    });

    it("do not wait for the GPUs that the component uses after bare metal was stopped and had released them", async () => {
        await cease();
        const hold = ledger.take("dgx-01", { side: "pod", name: "alpa-auth/alpa-opt-head", gpus: 8 })!;
        assert.equal(await run(0, ["stop", "after-answers", "boot=never", "attempt=1"]), "stopped before");
        assert.equal(await systemctl(0, "is-enabled"), "disabled");
        assert.equal(await run(0, ["stop", "after-answers", FOUND]), "stopped before");
        hold.release();
    });

    describe("where nvidia-smi does not answer", () => {
        const broken = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.";
        let host: BareMetal["hosts"][number]["host"];
        beforeEach(() => {
            ({ host } = bareMetal.hosts[1]);
            host.stage.lay(NVIDIA_SMI, () => failed(broken, 9));
        });
        afterEach(() => host.stage.lay(NVIDIA_SMI, ({ args }) => nvidiaSmi(args, ledger, "dgx-02")));
        const refused = { message: /dgx-02: nvidia-smi failed \(NVIDIA-SMI has failed/ };

        it("refuse to begin a conversion, and stop nothing", async () => {
            await assert.rejects(run(1, ["start", FOUND, "attempt=0"]), refused);
            await assert.rejects(run(1, ["stop", FOUND]), refused);
            assert.equal(await systemctl(1, "is-active"), "active");
        });

        it("still start Alpa: a rollback does not depend on nvidia-smi", async () => {
            assert.match(await run(1, ["start", FOUND, "back"]), /^runs: /, "what runs is not restarted");
            const { code } = await host.systemctl("stop", UNIT);
            assert.equal(code, 0);
            assert.match(await run(1, ["start", FOUND, "attempt=0"]), /it is unknown whether the GPUs are free/);
            assert.equal(await systemctl(1, "is-active"), "active");
            await host.systemctl("stop", UNIT);
            const how = { commands: { start: `systemctl start ${UNIT}`, stop: `systemctl stop ${UNIT}` } };
            await run(1, ["start", FOUND, "back"], { how });
            assert.equal(await systemctl(1, "is-active"), "inactive", "the script did not stop it");
        });
    });

    describe("of another stack", () => {
        const MARK = `/etc/alpa-auth-bare-metal/of-${UNIT}`;
        const other = async (...words: string[]) => {
            const line = commandLine(NODES[1], "alpa-auth/other", ...words);
            return (await on(bareMetal.hosts[1].host, line, bareMetalScript(args()))).stdout.trim();
        };
        const root = async (line: string) => (await on(bareMetal.hosts[1].host, `sudo ${line}`)).stdout.trim();
        afterEach(() => root(`rm -f ${MARK}`));

        it("are rejected on a host that is in a conversion, in either direction, and name its owner and how to release it", async () => {
            await run(1, ["start", FOUND]);
            const message =
                /dgx-02: alpa-ray\.service is in the conversion of another stack, alpa-auth\/dev\. Return that stack to option intra-a\. .* delete this file on the host: \/etc\/alpa-auth-bare-metal\/of-alpa-ray\.service/;
            for (const mode of ["start", "stop"]) await assert.rejects(other(mode, FOUND), { message });
            assert.equal(await systemctl(1, "is-active"), "active");
            assert.equal(await other("release"), "released");
            await assert.rejects(other("stop", FOUND), { message }, "it does not release another owner's host");
        });

        it("own the host after its release, and ignore the other stack's earlier work", async () => {
            assert.equal(await run(1, ["stop", FOUND]), "stopped, GPUs free");
            assert.equal(await run(1, ["release"]), "released");
            assert.equal(await other("stop", FOUND), "stopped, GPUs free", "the new owner checks the stop again");
            assert.equal(await root(`cat ${MARK}`), "alpa-auth/other");
            const kept = await root("ls /etc/alpa-auth-bare-metal");
            assert.match(kept, /^alpa-auth,dev\nalpa-auth,other$/m);
        });

        it("own a host on which the owner's mark is incomplete", async () => {
            await root(`sh -c ': >${MARK}'`);
            await run(1, ["start", FOUND]);
            assert.equal(await root(`cat ${MARK}`), "alpa-auth/dev");
        });
    });

    describe("on the first host", () => {
        const message =
            /dgx-01: must be the host of alpa\.endpoints\[0\], 203\.0\.113\.9, since it is the first of convert\.bareMetal\.hosts \(it has no such address\)/;

        it("reject a host to which the gateway does not route, before anything is stopped", async () => {
            await assert.rejects(run(0, ["start", FOUND], { alpaHost: "203.0.113.9" }), { message });
            assert.equal(await systemctl(0, "is-active"), "active");
        });

        it("accept each address of the host, its name, and a name that the host cannot resolve", async () => {
            const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
            const own = addresses.filter(({ family }) => family === "IPv4").map(({ address }) => address);
            for (const alpaHost of [...own, "localhost", "alpa.invalid"])
                assert.match(await run(0, ["start", FOUND], { alpaHost }), /^runs: /, alpaHost);
        });

        it("still start Alpa: a rollback does not depend on the address", async () => {
            await cease();
            const said = await run(0, ["start", FOUND], { alpaHost: "203.0.113.9" });
            const worker = ["start", `head=${said.split(" ").pop()}`, FOUND];
            await run(1, worker);
            assert.match(await run(1, worker, { alpaHost: "203.0.113.9" }), /^runs: /, "a worker has no such check");
        });
    });

    describe("of a worker", () => {
        it("verify that the model is loaded onto its GPUs", async () => assert.equal(await run(1, ["holds"]), "holds"));

        it("fail at once if the worker's service has failed, since the head would only wait for the worker", async () => {
            await cease();
            const hold = ledger.take("dgx-02", { side: "pod", name: "alpa-auth/other", gpus: 8 })!;
            await bareMetal.hosts[1].host.systemctl("start", UNIT);
            await waitFor("a failed service", async () => (await systemctl(1, "is-failed")) === "failed", {
                seconds: 100,
            });
            await assert.rejects(run(1, ["holds"]), {
                message: /dgx-02: alpa-ray\.service has failed\. Run: journalctl -u alpa-ray\.service/,
            });
            hold.release();
        });

        it("watch a worker only as long as its start may take", async () => {
            await cease();
            assert.equal(await run(1, ["holds"], { startTimeoutSeconds: 1 }), "holds");
        });

        it("verify that a worker has stopped, and report one that runs again", async () => {
            await assert.rejects(run(1, ["rests"]), {
                message: /dgx-02: alpa-ray\.service was stopped, but runs again/,
            });
            await cease();
            assert.equal(await run(1, ["rests"]), "rests");
        });
    });

    it("fail where a process keeps its GPUs after the stop, and check again in the next run", async () => {
        faults.add({ step: "release", side: "bare metal", node: "dgx-02" });
        await assert.rejects(run(1, ["stop", FOUND], { stopTimeoutSeconds: 4 }), {
            message: /dgx-02: the GPUs were not free after 4 s, although Alpa has stopped/,
        });
        await assert.rejects(run(1, ["stop", FOUND], { stopTimeoutSeconds: 1 }), {
            message: /the GPUs were not free/,
        });
        ledger.sweep();
        assert.equal(await run(1, ["stop", FOUND]), "stopped, GPUs free");
    });

    it("fail at once where the service has failed, and name its log", async () => {
        await cease();
        faults.add({ step: "load", side: "bare metal" });
        await start();
        await assert.rejects(run(0, ["answers"]), {
            message: /dgx-01: alpa-ray\.service has failed\. Run: journalctl/,
        });
    });

    it("disable the service's start at boot, and restore the earlier setting", async () => {
        await run(1, ["stop", "boot=never"]);
        assert.equal(await systemctl(1, "is-enabled"), "disabled");
        await run(1, ["stop", "boot=never"]);
        await run(1, ["stop", FOUND]);
        assert.equal(await systemctl(1, "is-enabled"), "enabled");
        const { host } = bareMetal.hosts[1];
        await on(host, `sudo systemctl disable ${UNIT}`);
        await run(1, ["stop", "boot=never"]);
        await run(1, ["stop", FOUND]);
        assert.equal(await systemctl(1, "is-enabled"), "disabled", "the service was not enabled before");
        await on(host, `sudo systemctl enable ${UNIT}`);
    });

    it("of an earlier run do nothing more after a later run has started", async () => {
        const held = http.request({ port, host: "127.0.0.1", method: "POST", headers: { "Content-Length": 1000 } });
        held.on("error", () => undefined);
        held.write("{");
        await new Promise((resolve) => held.once("socket", (socket) => socket.once("connect", resolve)));
        const turn = () => on(bareMetal.hosts[0].host, "sudo cat /run/alpa-auth-bare-metal/turn 2>/dev/null || :");
        const before = (await turn()).stdout;
        const earlier = assert.rejects(run(0, ["stop", "after-answers", FOUND]), {
            message: /dgx-01: a newer run has taken over this host/,
        });
        await waitFor("the earlier run's turn", async () => (await turn()).stdout !== before, { seconds: 100 });
        assert.match(await run(0, ["start", FOUND]), /^runs: /);
        await earlier;
        held.destroy();
        assert.equal(await systemctl(0, "is-active"), "active");
    });

    it("reject a service that the host does not have, since no rollback would be possible", async () => {
        await assert.rejects(run(0, ["start", FOUND], { how: { unit: "alpa.service" } }), {
            message: /dgx-01: systemd has no service alpa\.service, and a return to bare metal must start it/,
        });
    });

    it("do the same with commands instead of a service", async () => {
        const how = { commands: { start: `systemctl start ${UNIT}`, stop: `systemctl stop ${UNIT}` } };
        const pid = () => ledger.on("dgx-02")[0]?.pid;
        const before = pid();
        await run(1, ["start", FOUND], { how });
        assert.equal(pid(), before, "what runs is not restarted");
        await run(1, ["stop", FOUND], { how });
        assert.equal(pid(), undefined);
        await run(1, ["start", FOUND], { how });
        await waitFor("GPUs held", () => pid() !== undefined, { seconds: 100 });
        await run(1, ["stop", FOUND], { how });
    });

    describe("with a command", () => {
        const commands = (more: object) => ({
            how: { commands: { start: `systemctl start ${UNIT}`, stop: `systemctl stop ${UNIT}`, ...more } },
        });
        const root = async (line: string) => (await on(bareMetal.hosts[1].host, `sudo sh -c '${line}'`)).stdout.trim();

        it("print its exit code and the path of its log, and not the log", async () => {
            await assert.rejects(run(1, ["stop", FOUND], commands({ stop: "echo s3cret; exit 3" })), (error: Error) => {
                const where = "/run/alpa-auth-bare-metal/said";
                const said = `dgx-02: the stop command failed, or did not end within 30 s (exit code 3). Read its output in ${where}`;
                assert.ok(error.message.includes(said), error.message);
                assert.doesNotMatch(error.message, /s3cret/);
                return true;
            });
            assert.equal(await root("cat /run/alpa-auth-bare-metal/said"), "s3cret");
            assert.equal(await root("cat /run/alpa-auth-bare-metal/command 2>/dev/null || echo gone"), "gone");
        });

        it("do not wait for processes that the command leaves running, nor for the command beyond its timeout", async () => {
            await run(1, ["stop", FOUND], commands({}));
            const daemon = "sh -c 'sleep 30' & echo $! >/run/left";
            const began = Date.now();
            await run(1, ["start", FOUND], { ...commands({ start: daemon }), startTimeoutSeconds: 40 });
            assert.ok(Date.now() - began < 30_000, "waited for a process that the command left");
            await root("kill $(cat /run/left) 2>/dev/null || :");
            await run(1, ["stop", FOUND], commands({}));
            const hangs = { ...commands({ start: "exec sleep 30" }), startTimeoutSeconds: 1 };
            await assert.rejects(run(1, ["start", FOUND], hangs), {
                message: /dgx-02: the start command failed, or did not end within 1 s \(exit code 124\)/,
            });
        });

        it("show the command in no process list", async () => {
            await run(1, ["stop", FOUND], commands({}));
            const start = `seen=no; for f in /proc/$$/cmdline /proc/$PPID/cmdline; do tr "\\0" " " <$f 2>/dev/null | grep -q "s3[c]ret" && seen=yes; done; : s3cret; echo $seen`;
            await run(1, ["start", FOUND], commands({ start }));
            assert.equal(await root("cat /run/alpa-auth-bare-metal/said"), "no");
        });
    });
});
