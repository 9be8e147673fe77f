// Proves that a requested fault makes a step of a conversion fail, and which facts a world with GPUs has about the hosts of
// Alpa.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dgxNodes } from "../../control-plane";
import { UNIT } from "../../gpus/bare-metal";
import { freePort } from "../../processes";
import { Gpus } from "../../world/gpus";
import type { FailStep } from "../../world/scene";
import type { GpuFaults } from "../../gpus/faults";

describe("A world with GPUs", () => {
    let dir: string;
    let gpus: Gpus;
    let started: { close(): Promise<void> };
    before(async () => {
        dir = mkdtempSync(join(tmpdir(), "gpus-"));
        gpus = new Gpus({ operator: "/tools/kuberay-operator" }, dgxNodes(2), dir);
        started = await gpus.startBareMetal({ port: await freePort(), seconds: 0 }, () => undefined);
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
        it(`fails step ${failStep} on the first node each time, and nothing on the other side or on another node`, () => {
            const { faults, refusedStep } = new Gpus({ operator: "", failStep }, dgxNodes(2), dir);
            assert.equal(refusedStep, undefined);
            const other = side === "pod" ? "bare metal" : "pod";
            for (let i = 0; i < 3; i++) assert.ok(faults.take(step, side, node));
            assert.ok(!faults.take(step, other, node));
            assert.ok(!faults.take(step, side, "dgx-02"));
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
});
