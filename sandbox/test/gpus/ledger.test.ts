// Proves that in the sandbox only one side can hold a node's GPUs, and that nvidia-smi shows which.
import assert from "node:assert/strict";
import { GpuFaults } from "../../gpus/faults";
import { GpuLedger } from "../../gpus/ledger";
import { nvidiaSmi } from "../../gpus/nvidia-smi";

describe("sandbox GPUs", () => {
    let faults: GpuFaults;
    let ledger: GpuLedger;
    const bareMetal = { side: "bare metal", name: "alpa-ray.service", gpus: 8 } as const;
    const pod = { side: "pod", name: "llm/opt-head", gpus: 8 } as const;
    const pids = (node = "dgx-01") =>
        nvidiaSmi(["--query-compute-apps=pid", "--format=csv,noheader"], ledger, node).out.split("\n").filter(Boolean);

    beforeEach(() => {
        faults = new GpuFaults();
        const gpus = new Map([
            ["dgx-01", 8],
            ["dgx-02", 8],
        ]);
        ledger = new GpuLedger(gpus, faults);
    });

    it("are given to one side, and to the other side only after their release", () => {
        const hold = ledger.take("dgx-01", bareMetal)!;
        assert.equal(ledger.take("dgx-01", pod), undefined);
        assert.ok(ledger.take("dgx-02", pod), "the GPUs of the other node are free");
        hold.release();
        assert.ok(ledger.take("dgx-01", pod));
    });

    it("stay held when a fault says so, until they are swept", () => {
        faults.add({ step: "release", node: "dgx-01" });
        ledger.take("dgx-01", bareMetal)!.release();
        assert.equal(pids().length, 8);
        assert.equal(ledger.take("dgx-01", pod), undefined);
        ledger.sweep();
        assert.deepEqual(pids(), []);
        assert.ok(ledger.take("dgx-01", pod));
    });

    it("nvidia-smi prints one line for each GPU that a process uses, also in containers, and none when all are free", () => {
        assert.deepEqual(pids(), []);
        const hold = ledger.take("dgx-01", pod)!;
        assert.equal(pids().length, 8);
        assert.match(pids()[0], /^\d+$/);
        assert.deepEqual(pids("dgx-02"), []);
        hold.release();
        assert.deepEqual(pids(), []);
    });

    it("nvidia-smi refuses another query by name", () => {
        const { code, err } = nvidiaSmi(["--query-gpu=index", "--format=csv"], ledger, "dgx-01");
        assert.deepEqual([code, /^unsupported by the sandbox: nvidia-smi --query-gpu/.test(err)], [70, true]);
    });
});
