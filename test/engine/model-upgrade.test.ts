// Proves that a new version of the model takes the place of the old one under callers' steady requests, that the old one comes
// back by itself whichever step fails, and that an upgrade is gone on with or aborted wherever it was killed: on the real engine,
// API server, scheduler and operator of KubeRay. Gateway, kubelets, GPUs and Alpa are emulators, so the times say nothing of a
// real model.
import { strict as assert } from "node:assert";
import type { UpgradePhase } from "../../components/opt/conversion-phases";
import type { Place as Reached } from "../../ops/cutover/phases";
import type { Fault } from "../../sandbox/gpus/faults";
import { Rest } from "../../sandbox/rampart/kubernetes/rest";
import { refuse } from "../../sandbox/world/owners";
import type { World } from "../../sandbox/world/world";
import { ask, steadyCallers, type Sent } from "./kit/conversion/conversion-stack";
import { ConvertStack, killed } from "./kit/conversion/convert-stack";
import { assertAnnounced, told, untilStep } from "./kit/conversion/trouble";
import { gpuWorld } from "./kit/conversion/gpu-world";
import type { Place } from "./kit/place";
import { succeeded, TOOLS_MILLISECONDS } from "./kit/stack";

/** Puts something in the way. @returns what takes it away */
type Trouble = () => Promise<() => unknown>;

describe("npm run ops -- model upgrade", function () {
    // A rehearsal is two upgrades: 881 s at load 10 (2026-11).
    this.timeout(1_800_000);
    let place: Place<World>;
    let stack: ConvertStack;
    let url: string;
    let key: string;
    /** Tag of the version that runs, which each upgrade makes another one. */
    let tag = "1.0.0";
    let minor = 0;

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        place = await gpuWorld({ rehearsal: true });
        stack = await ConvertStack.create("upgrade", place);
        succeeded(await stack.up());
        succeeded(await stack.ops("convert", "run", "--yes"));
        stack.cutover = "model-upgrade";
        const outputs = await stack.outputs();
        [url, key] = [outputs.url, outputs.credentials["alice/key"]];
    });
    after(async () => {
        await stack?.destroy();
        await place?.end();
    });

    const image = (version: string) => `${place.world.facts.gpus!.image.repository}:${version}`;
    const next = () => `1.${++minor}.0`;
    const ops = (verb: string, ...more: string[]) => stack.ops("model", "upgrade", verb, ...more);
    const status = async () => JSON.parse(succeeded(await ops("status", "--json")).stdout);

    /** Two callers that always have a request open while something runs: nothing is lost, and 503 comes when announced. */
    async function underTraffic<T>(title: string, act: () => Promise<T>): Promise<T> {
        const callers = steadyCallers(url, key);
        const since = Date.now();
        let sent: Sent[] = [];
        const result = await act().finally(async () => (sent = await callers.stop()));
        const record = stack.record().filter(({ time }) => Date.parse(time) >= since);
        console.log(`      ${title}: ${told(record, sent)}`);
        assertAnnounced(sent, record);
        assert.equal((await ask(url, key)).status, 200);
        return result;
    }

    /** Every pod that holds GPUs, and every pod that holds an image, is of the version that is to run. */
    async function assertRuns(version: string): Promise<void> {
        const facts = await status();
        assert.deepEqual([facts.state, facts.callers], ["settled", "served"]);
        const { items } = (await new Rest(place.world.kubeConfig).call("GET", "/api/v1/namespaces/upgrade/pods")) as {
            items: { metadata: { deletionTimestamp?: string }; spec: { containers: { image: string }[] } }[];
        };
        const images = items
            .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
            .map(({ spec }) => spec.containers[0].image)
            .filter((one) => one.startsWith(image("")));
        assert.ok(images.length >= 2 * place.world.facts.gpus!.nodes.length, images.join(", "));
        assert.deepEqual([...new Set(images)], [image(version)]);
        succeeded(await stack.preview("--expect-no-changes"));
    }

    it("runs the new version: callers get answers, and in the announced time 503 with Retry-After", async () => {
        const version = next();
        await underTraffic("forward", async () => succeeded(await ops("run", "--yes", "--image", image(version))));
        await assertRuns(version);
        tag = version;
    });

    it("takes nothing from callers when weights are missing on the nodes, and keeps the old version", async () => {
        const { code, stderr } = await underTraffic("prepare fails", () =>
            ops("run", "--yes", "--image", image(next()), "--weights-path", "/data/elsewhere"),
        );
        assert.equal(code, 1);
        assert.match(stderr, /must reach new \(prepare: .*\/data\/elsewhere/);
        assert.match(stderr, /It has returned to old, which serves/);
        await assertRuns(tag);
    });

    const fault = (one: Fault) => async () => {
        const { faults } = place.world.gpus!;
        faults.add({ ...one, times: Infinity });
        return () => faults.clear();
    };
    const refused = (apiGroup: string, resource: string) => () =>
        refuse(new Rest(place.world.kubeConfig), {
            ...{ name: "refused-by-the-owners", apiGroup, resource, operation: "UPDATE" as const },
            message: `${resource} are frozen`,
        });
    const refusedRoutes = refused("apisix.apache.org", "apisixroutes");

    /** What fails in each phase after the first, as it may in reality. */
    const failures: [failing: UpgradePhase, why: string, trouble: Trouble][] = [
        ["drain", "the cluster refuses changes of routes", refusedRoutes],
        ["stop", "the cluster refuses changes of the component", refused("ray.io", "rayclusters")],
        ["start", "the new model cannot be loaded", fault({ step: "load", side: "pod" })],
        ["verify", "the new version's answers are other ones", fault({ step: "answers", side: "pod" })],
        ["switch", "the cluster refuses changes of routes", refusedRoutes],
    ];
    for (const [failing, why, trouble] of failures)
        it(`returns to the old version by itself when ${failing} fails: ${why}`, async () => {
            const { code, stdout, stderr } = await underTraffic(`${failing} fails`, async () => {
                // Wrong weights are loaded before they are asked.
                const early = failing === "verify" ? "start" : failing;
                const { ended } = stack.start("--image", image(next()));
                await untilStep(stack, ended, early);
                const away = await trouble();
                await untilStep(stack, ended, "return");
                await away();
                return ended;
            });
            assert.equal(code, 1, stdout + stderr);
            assert.match(stderr, new RegExp(`model upgrade: must reach new \\(${failing}: `));
            await assertRuns(tag);
        });

    /** Kills it once the cluster says that a step is under way. */
    async function killedIn(step: Reached, ...more: string[]): Promise<void> {
        const { child, ended } = stack.start(...more);
        await untilStep(stack, ended, step);
        await stack.untilGoing(step);
        killed(child.pid!);
        await ended;
        const facts = await status();
        assert.deepEqual(
            [facts.state, facts.direction, facts.step, facts.asked, facts.next[0], facts.holder],
            ["interrupted", "forward", step, step, step, null],
        );
    }

    it("killed in every phase: status tells it, and run goes on to the end", async () => {
        const version = next();
        await underTraffic("killed forward", async () => {
            await killedIn("prepare", "--image", image(version));
            for (const phase of ["drain", "stop", "start", "verify", "switch", "done"] as const) await killedIn(phase);
            succeeded(await ops("run", "--yes"));
        });
        await assertRuns(version);
        tag = version;
    });

    it("killed while the new version starts, and aborted: the old version serves", async () => {
        await underTraffic("killed and aborted", async () => {
            await killedIn("start", "--image", image(next()));
            const { code, stderr } = await stack.ops("convert", "run", "--yes", "--to", "intra-a");
            assert.equal(code, 2);
            assert.match(stderr, /must have no upgrade of the model in progress/);
            succeeded(await ops("abort", "--yes"));
        });
        await assertRuns(tag);
    });

    it("returns when abort is run from another terminal", async () => {
        await underTraffic("aborted", async () => {
            const { ended } = stack.start("--image", image(next()));
            await untilStep(stack, ended, "start");
            assert.match(succeeded(await ops("abort", "--yes")).stdout, /to return to old/);
            const { code, stderr } = await ended;
            assert.equal(code, 1);
            assert.match(stderr, /must reach new \((start: )?model upgrade abort was run\)/);
        });
        await assertRuns(tag);
    });

    it("is rehearsed with a small model in a stack of its own, of which production notices nothing", async () => {
        const { stdout } = await underTraffic("rehearsal", async () =>
            succeeded(await ops("rehearse", "--yes", "--json", "--image", image(next()))),
        );
        const { outcome, steps } = JSON.parse(stdout);
        console.log(
            `      rehearsal: ${steps.map(({ step, seconds }: any) => `${step} ${seconds.toFixed(1)} s`).join(", ")}`,
        );
        assert.equal(outcome, "rehearsed");
        await assertRuns(tag);
    });
});
