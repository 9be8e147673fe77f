// Proves on the real engine, API server and KubeRay operator that Alpa in the cluster recovers by itself after its batch loop
// ended, and after its head pod or a worker pod was lost. The watchdog's script is real. Kubelets, Ray and Alpa are emulators:
// the model loads in 1 s, and a second of the cluster lasts 0.05 s, so the times say nothing about a real cluster.
import { strict as assert } from "node:assert";
import { CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import { waitFor } from "../../sandbox/processes";
import { Rest } from "../../sandbox/rampart/kubernetes/rest";
import type { World } from "../../sandbox/world/world";
import { ask, ConversionStack } from "../engine/kit/conversion/conversion-stack";
import { gpuWorld } from "../engine/kit/conversion/gpu-world";
import { freeNodePort } from "../engine/kit";
import type { Place } from "../engine/kit/place";
import { succeeded, TOOLS_MILLISECONDS } from "../engine/kit/stack";

/** Twice the time in which the watchdog detects a failure, in seconds, because the machine may be busy. */
const DETECTED_SECONDS = 2 * (30 + 60);

describe("Alpa in the cluster on the engine", () => {
    let place: Place<World> | undefined;
    let stack: ConversionStack;
    let core: CoreV1Api;
    let url: string;
    let key: string;

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        place = await gpuWorld();
        const { world, dir } = place;
        core = world.kubeConfig.makeApiClient(CoreV1Api);
        stack = await ConversionStack.create("heal", world, dir, await freeNodePort(), { watchdog: true });
        succeeded(await stack.up());
        const outputs = await stack.outputs();
        url = outputs.url;
        key = outputs.credentials["lab/2026a"];
        await stack.goOnTo("open");
    });
    after(() => place?.end());

    const pod = async (type: "head" | "worker"): Promise<V1Pod | undefined> => {
        const labelSelector = `ray.io/cluster=alpa-opt,ray.io/node-type=${type}`;
        return (await core.listNamespacedPod({ namespace: stack.name, labelSelector })).items[0];
    };
    const container = async () => (await pod("head"))!.status!.containerStatuses![0];
    /** Whether a caller gets an answer within 3 s. */
    const serves = async () => {
        const answer = await Promise.race([
            ask(url, key),
            new Promise<undefined>((resolve) => setTimeout(resolve, 3000, undefined)),
        ]);
        return answer?.status === 200;
    };
    /** Causes a failure. Waits until callers get no answers, and then until they get answers again. */
    const outlives = async (
        what: string,
        harm: () => Promise<unknown>,
        seconds: number,
        repair: () => Promise<unknown> = () => Promise.resolve(),
    ) => {
        const from = Date.now();
        await harm();
        await waitFor("callers: no answers", async () => !(await serves()), { seconds: 60, everyMilliseconds: 20 });
        await repair();
        await waitFor("callers: answered again", serves, { seconds, everyMilliseconds: 50 });
        console.log(`      ${what}: callers are answered again after ${((Date.now() - from) / 1000).toFixed(1)} s`);
    };
    const lose = (type: "head" | "worker") => async () => {
        const { name } = (await pod(type))!.metadata!;
        await core.deleteNamespacedPod({ namespace: stack.name, name: name!, gracePeriodSeconds: 0 });
    };

    it("is restarted when its batch loop has ended, and its termination message names the cause", async () => {
        const before = (await container()).restartCount;
        const port = place!.world.workloads.resolve(`alpa-opt.${stack.name}.svc.cluster.local`, 20001);
        // Alpa uses the `n` of the last request for a whole batch. The four prompts fill one batch, so it contains no
        // caller's prompt.
        const body = JSON.stringify({ model: "default", prompt: ["a", "b", "c", "d"], max_tokens: 4, n: 2 });
        const end = async () =>
            void fetch(`http://127.0.0.1:${port}/completions`, { method: "POST", body }).catch(() => undefined);
        await outlives("batch loop ended", end, DETECTED_SECONDS);
        const { restartCount, lastState } = await container();
        assert.equal(restartCount, before + 1);
        assert.match(lastState!.terminated!.message!, /Alpa makes no progress: .* the batch loop has ended/);
    });

    it("serves again after its head pod was lost", () => outlives("head lost", lose("head"), 120));

    it("serves again after a worker pod was lost, when its node is schedulable again", async () => {
        const rest = new Rest(place!.world.kubeConfig);
        const node = `/api/v1/nodes/${(await pod("worker"))!.spec!.nodeName}`;
        const away = async () => {
            await rest.call("PATCH", node, { spec: { unschedulable: true } });
            await lose("worker")();
        };
        const back = () => rest.call("PATCH", node, { spec: { unschedulable: false } });
        await outlives("worker lost and back", away, 120, back);
    });

    it("matches the stack afterwards: the next run changes nothing", async () => {
        const again = succeeded(await stack.up());
        assert.doesNotMatch(again.stdout, /\d+ (created|updated|deleted|replaced)/);
    });
});
