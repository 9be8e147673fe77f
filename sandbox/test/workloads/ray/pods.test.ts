// Proves how pods of a RayCluster start, hold GPUs, load Alpa, fail and end in the sandbox.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CoreV1Event, V1Pod } from "@kubernetes/client-node";
import { STARTABLE_ANNOTATION } from "../../../control-plane";
import { GpuFaults } from "../../../gpus/faults";
import { GpuLedger } from "../../../gpus/ledger";
import { waitFor } from "../../../processes";
import type { Cluster } from "../../../workloads/cluster";
import type { Supplies } from "../../../workloads/kubelet";
import { RayPods } from "../../../workloads/ray/pods";
import { snapshot } from "../kit";
import { rayPod, WEIGHTS } from "./kit";

const NODES = ["dgx-01", "dgx-02"];
const images = /^registry\.example\.com\/alpa-serving:/;
const supplies: Supplies = {
    ...{ secrets: new Map(), configMaps: new Map(), boundClaims: new Set(), reachable: () => false },
    images: [images],
};

describe("Pods of a RayCluster in the sandbox", () => {
    let faults: GpuFaults;
    let ledger: GpuLedger;
    let ray: RayPods;
    let cluster: Map<string, V1Pod>;
    let taken: string[];
    let lines: string[];
    let events: CoreV1Event[];
    let turn: Promise<void>;
    let stateDir: string;

    const head = (more: object = {}) => rayPod({ name: "head", type: "head", node: NODES[0], ...more });
    const worker = (more: object = {}) => rayPod({ name: "worker", node: NODES[1], ...more });
    /** Applies a write like the API server. */
    const write = (path: string, body: { status?: object; metadata?: V1Pod["metadata"] }) => {
        const pod = cluster.get(path.split("/")[6])!;
        Object.assign(pod.status!, body.status);
        pod.metadata!.annotations = { ...pod.metadata!.annotations, ...body.metadata?.annotations };
    };
    const look = () => {
        turn = turn.then(() => ray.reconcile(snapshot({ pods: structuredClone([...cluster.values()]) }), supplies));
        return turn;
    };
    const put = (...pods: V1Pod[]) => {
        for (const pod of pods) cluster.set(pod.metadata!.name!, pod);
        return look();
    };
    const main = (name: string) => cluster.get(name)!.status!.containerStatuses?.[0];
    const waits = (name: string) => main(name)?.state!.waiting;
    const startable = (name: string) => cluster.get(name)!.metadata!.annotations?.[STARTABLE_ANNOTATION];
    const until = (what: string, found: () => boolean) => waitFor(what, found, { seconds: 25, everyMilliseconds: 5 });
    const ask = async () => {
        const body = JSON.stringify({ model: "default", prompt: "a", max_tokens: 4 });
        const answer = await fetch(`http://127.0.0.1:${ray.alpaOf(head())}/completions`, { method: "POST", body });
        await answer.text();
        return answer.status;
    };
    const bareMetal = { side: "bare metal", name: "alpa-ray.service", gpus: 8 } as const;

    beforeEach(() => {
        stateDir = mkdtempSync(join(tmpdir(), "ray-pods-"));
        faults = new GpuFaults();
        ledger = new GpuLedger(new Map(NODES.map((name) => [name, 8])), faults);
        cluster = new Map();
        [taken, lines, events, turn] = [[], [], [], Promise.resolve()];
        const workers = { workerGroupSpecs: [{ replicas: 1 }] };
        const rest = {
            call: async (_method: string, path: string, body: object) => write(path, body),
            apply: async (_path: string, event: CoreV1Event) => void events.push(event),
            find: async () => ({ spec: workers }),
        };
        ray = new RayPods(
            {
                ...{ ledger, faults, images, weights: [WEIGHTS], loadSeconds: 0.1, alpa: { port: 0, seconds: 0 } },
                ...{ stateDir, env: { PATH: process.env.PATH } },
            },
            {
                cluster: { rest } as unknown as Cluster,
                clock: { secondLasts: 0.005 },
                ended: async ({ metadata }) => {
                    taken.push(metadata!.name!);
                    cluster.delete(metadata!.name!);
                },
                changed: () => void look(),
                log: (line) => lines.push(line),
            },
        );
    });
    afterEach(async () => {
        await turn;
        await ray.close();
        rmSync(stateDir, { recursive: true });
    });

    it("open Alpa's port when all of them run, and load the model in Alpa's loading time", async () => {
        await put(head());
        assert.equal(ray.alpaOf(head()), undefined, "without its worker");
        assert.equal(startable("head"), undefined);
        assert.equal(main("head")?.state!.running !== undefined, true);
        await put(worker());
        await until("Alpa: launched", () => ray.alpaOf(head()) !== undefined);
        await until("both: startable", () => startable("head") === "true");
        await waitFor("Alpa: loaded", async () => (await ask()) === 200, { seconds: 25 });
    });

    it("fail with the program's message while a host process holds their GPUs, and start when that process has released them", async () => {
        const hold = ledger.take(NODES[0], bareMetal)!;
        await put(head({ container: { terminationMessagePolicy: "FallbackToLogsOnError" } }), worker());
        assert.equal(waits("head")!.reason, "CrashLoopBackOff");
        assert.match(waits("head")!.message!, /^back-off 10s restarting failed container=ray-head/);
        const { exitCode, message } = main("head")!.lastState!.terminated!;
        assert.equal(exitCode, 1);
        assert.match(message!, /RESOURCE_EXHAUSTED: Out of memory/);
        await until("tried again", () => main("head")!.restartCount >= 2);
        assert.match(waits("head")!.message!, /^back-off (20|40)s/);
        hold.release();
        await until("head: GPUs held", () => ledger.on(NODES[0])[0]?.name === "llm/head");
    });

    it("finish their answers first with a preStop hook, within their grace period", async () => {
        const lifecycle = { preStop: { exec: { command: ["sh", "-c", "until idle"] } } };
        await put(head({ container: { lifecycle } }), worker());
        await until("Alpa: launched", () => ray.alpaOf(head()) !== undefined);
        const port = ray.alpaOf(head())!;
        const held = await import("node:net").then(({ connect }) => connect(port, "127.0.0.1"));
        await new Promise((resolve) => held.on("connect", resolve));
        held.on("error", () => undefined);
        await put(head({ deleted: true, container: { lifecycle } }));
        assert.equal(ray.alpaOf(head()), port, "its connection is still open");
        held.destroy();
        await until("head: gone", () => taken.includes("head"));
        assert.equal(ray.alpaOf(head()), undefined);
    });

    it("stay with their head if they are workers with a hook; workers without a hook cut off its answers", async () => {
        const lifecycle = { preStop: { exec: { command: ["sh", "-c", "until idle"] } } };
        const { connect } = await import("node:net");
        for (const hook of [lifecycle, undefined]) {
            taken.length = 0;
            await put(head({ container: { lifecycle } }), worker({ container: { lifecycle: hook } }));
            await until("Alpa: launched", () => ray.alpaOf(head()) !== undefined);
            const held = connect(ray.alpaOf(head())!, "127.0.0.1");
            await new Promise((resolve) => held.on("connect", resolve));
            held.on("error", () => undefined);
            await put(
                head({ deleted: true, container: { lifecycle } }),
                worker({ deleted: true, container: { lifecycle: hook } }),
            );
            if (hook) {
                assert.deepEqual(taken, [], "a caller waits for its answer");
                held.destroy();
            }
            await until("both: gone", () => taken.length === 2);
            assert.deepEqual(taken, hook ? ["head", "worker"] : ["worker", "head"]);
            cluster.delete("head");
            cluster.delete("worker");
            await look();
        }
    });
});
