// Proves that a world with GPUs ends although a step fails, and which facts it has about the hosts of
// Alpa.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dgxNodes } from "../../control-plane";
import { UNIT } from "../../gpus/bare-metal";
import { freePort } from "../../processes";
import { Gpus } from "../../world/gpus";

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

    it("ends although a fault makes a step fail", async () => {
        const orders = new Gpus({ operator: "" }, dgxNodes(1), dir);
        orders.faults.add({ step: "stop", side: "bare metal", times: Infinity });
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
            bareMetal.hosts.map(({ address }) => address.split(":")[0]),
            ["127.0.0.31", "127.0.0.32"],
        );
        assert.match(readFileSync(bareMetal.privateKeyFile, "utf8"), /PRIVATE KEY/);
        assert.equal(statSync(bareMetal.privateKeyFile).mode & 0o077, 0);
    });
});
