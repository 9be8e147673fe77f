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

    it("are given to several pods while enough are free", () => {
        assert.ok(ledger.take("dgx-01", { ...pod, gpus: 6 }));
        assert.equal(ledger.take("dgx-01", { ...pod, gpus: 3 }), undefined);
        assert.ok(ledger.take("dgx-01", { ...pod, gpus: 2 }));
    });

    it("do not exist on a node without GPUs", () => {
        assert.throws(() => ledger.take("gateway-01", pod), /node gateway-01 has no GPUs/);
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

    it("nvidia-smi prints the memory of each GPU, with or without units", () => {
        ledger.take("dgx-01", { ...pod, gpus: 1 });
        const ask = (format: string) =>
            nvidiaSmi(["--query-gpu=index,memory.used", `--format=${format}`], ledger, "dgx-01").out.split("\n");
        assert.deepEqual(ask("csv").slice(0, 3), ["index, memory.used [MiB]", "0, 36864 MiB", "1, 0 MiB"]);
        assert.equal(ask("csv,noheader,nounits")[0], "0, 36864");
    });

    const refused: [why: string, args: string[], message: RegExp][] = [
        ["no query", [], /supported: --query-compute-apps and --query-gpu/],
        ["another query", ["--query-accounted-apps=pid", "--format=csv"], /supported: --query-compute-apps/],
        ["another option", ["--query-gpu=index", "--format=csv", "-i", "0"], /unsupported by the sandbox/],
        ["no format", ["--query-gpu=index"], /unsupported by the sandbox/],
        [
            "another format",
            ["--query-gpu=index", "--format=csv,xml"],
            /unsupported by the sandbox: nvidia-smi --format xml/,
        ],
        ["an unknown field", ["--query-gpu=colour", "--format=csv"], /Field "colour" is not a valid field to query/],
    ];
    for (const [why, args, message] of refused)
        it(`nvidia-smi rejects ${why}`, () => {
            const { code, err } = nvidiaSmi(args, ledger, "dgx-01");
            assert.notEqual(code, 0);
            assert.match(err, message);
        });
});
