// Proves that a requested fault makes a step of a conversion fail, and which facts a world with GPUs has about the hosts of
// Alpa.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dgxNodes } from "../../control-plane";
import { UNIT } from "../../gpus/bare-metal";
import { freePort, waitFor } from "../../processes";
import { Gpus } from "../../world/gpus";
import type { FailStep } from "../../world/scene";
import type { GpuFaults } from "../../gpus/faults";

describe("A world with GPUs", () => {
    let dir: string;
    let gpus: Gpus;
    let port: number;
    let started: { close(): Promise<void> };
    before(async () => {
        dir = mkdtempSync(join(tmpdir(), "gpus-"));
        gpus = new Gpus({ operator: "/tools/kuberay-operator", rehearsal: true }, dgxNodes(3), dir);
        port = await freePort();
        started = await gpus.startBareMetal({ port, seconds: 0 }, () => undefined);
    });
    after(async () => {
        await started?.close();
        rmSync(dir, { recursive: true, force: true });
    });

    const fails: [failStep: FailStep, ...where: Parameters<GpuFaults["take"]>][] = [
        ["prepare", "pull", "pod", "dgx-01"],
        ["stop", "stop", "bare metal", "dgx-01"],
        ["start", "load", "pod", "dgx-01"],
        ["verify", "answers", "pod", "dgx-01"],
    ];
    for (const [failStep, step, side, node] of fails)
        it(`fails step ${failStep} in production each time, and nothing on the other side or in a rehearsal`, () => {
            const { faults, refusedStep } = new Gpus({ operator: "", rehearsal: true, failStep }, dgxNodes(3), dir);
            assert.equal(refusedStep, undefined);
            const other = side === "pod" ? "bare metal" : "pod";
            for (let i = 0; i < 3; i++) assert.ok(faults.take(step, side, node));
            assert.ok(!faults.take(step, other, node));
            assert.ok(!faults.take(step, side, "dgx-03"));
        });

    it("fails steps that run on no node by errors of the API server", () => {
        for (const failStep of ["drain", "switch", "done"] as const)
            assert.equal(new Gpus({ operator: "", failStep }, dgxNodes(1), dir).refusedStep, failStep);
    });

    it("ends although a fault makes a step fail", async () => {
        const orders = new Gpus({ operator: "", failStep: "stop" }, dgxNodes(1), dir);
        const bareMetal = await orders.startBareMetal({ port: await freePort(), seconds: 0 }, () => undefined);
        const since = Date.now();
        await bareMetal.close();
        assert.ok(Date.now() - since < 20_000, "systemd would wait for 20 s");
    });

    const status = async (address: string) => {
        const body = JSON.stringify({ model: "default", prompt: "a", max_tokens: 4 });
        const answer = await fetch(`http://${address}/completions`, { method: "POST", body }).catch(() => undefined);
        return answer?.status;
    };

    it("names the hosts of bare metal, and writes their key readable only by this user", () => {
        const { nodes, bareMetal } = gpus.facts();
        assert.deepEqual(nodes, ["dgx-01", "dgx-02"]);
        assert.equal(bareMetal.unit, UNIT);
        assert.deepEqual(
            bareMetal.hosts.map(({ address }) => address),
            ["127.0.0.31", "127.0.0.32"],
        );
        assert.match(readFileSync(bareMetal.privateKeyFile, "utf8"), /PRIVATE KEY/);
        assert.equal(statSync(bareMetal.privateKeyFile).mode & 0o077, 0);
    });

    it("has a separate node for rehearsals, whose Alpa stops without an effect on production", async () => {
        const { rehearsal } = gpus.facts();
        assert.deepEqual(rehearsal!.nodes, ["dgx-03"]);
        assert.equal(await status(rehearsal!.alpa), 200);
        const [{ host }] = gpus.rehearsal!.bareMetal.hosts;
        await host.systemctl("stop", UNIT);
        await waitFor("rehearsal: silent", async () => (await status(rehearsal!.alpa)) === undefined, { seconds: 100 });
        assert.equal(await status(`127.0.0.1:${port}`), 200);
    });
});
