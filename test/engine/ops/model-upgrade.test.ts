// Proves that a new model version replaces the old one while callers send requests. Proves that an upgrade rolls back
// by itself if any step fails, and that an upgrade that was killed in any step can be continued or aborted. The engine,
// API server, scheduler and KubeRay operator are real. Gateway, kubelets, GPUs and Alpa are emulators, so the times say
// nothing about a real model.
import { strict as assert } from "node:assert";
import type { UpgradePhase } from "../../../components/opt/conversion-phases";
import type { Place as Reached } from "../../../ops/cutover/phases";
import { Rest } from "../../../sandbox/rampart/kubernetes/rest";
import type { World } from "../../../sandbox/world/world";
import { ConvertStack, killed } from "../kit/conversion/convert-stack";
import { fault, refused, returnsFrom, type Trouble, underTraffic, untilStep } from "../kit/conversion/trouble";
import { gpuWorld } from "../kit/conversion/gpu-world";
import type { Place } from "../kit/place";
import { succeeded, TOOLS_MILLISECONDS } from "../kit/stack";

describe("npm run ops -- model upgrade", function () {
    // A rehearsal runs two upgrades. This took 881 s on a machine with load average 10 (2026-11).
    this.timeout(1_800_000);
    let place: Place<World>;
    let stack: ConvertStack;
    let url: string;
    let key: string;
    /** Image tag of the running version; each upgrade changes it. */
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

    const withTraffic = <T>(title: string, act: () => Promise<T>) => underTraffic({ stack, url, key }, title, act);

    /** Asserts that this version is in every pod with GPUs and in every pod that pre-pulls an image. */
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

    it("runs the new version: callers get answers, or 503 with Retry-After in the announced window", async () => {
        const version = next();
        await withTraffic("forward", async () => succeeded(await ops("run", "--yes", "--image", image(version))));
        await assertRuns(version);
        tag = version;
    });

    it("changes nothing for callers when weights are missing on the nodes, and keeps the old version", async () => {
        const { code, stderr } = await withTraffic("prepare fails", () =>
            ops("run", "--yes", "--image", image(next()), "--weights-path", "/data/elsewhere"),
        );
        assert.equal(code, 1);
        assert.match(stderr, /did not reach new \(prepare: .*\/data\/elsewhere/);
        assert.match(stderr, /It was rolled back to old, which serves/);
        await assertRuns(tag);
    });

    const at = () => place;
    const refusedRoutes = refused(at, "apisix.apache.org", "apisixroutes", "UPDATE");

    /** A failure in each phase except the first. Each of these failures can also happen in production. */
    const failures: [failing: UpgradePhase, why: string, trouble: Trouble][] = [
        ["drain", "the API server rejects changes of routes", refusedRoutes],
        ["stop", "the API server rejects changes of the component", refused(at, "ray.io", "rayclusters", "UPDATE")],
        ["start", "the new model cannot be loaded", fault(at, { step: "load", side: "pod" })],
        ["verify", "the new version's answers differ", fault(at, { step: "answers", side: "pod" })],
        ["switch", "the API server rejects changes of routes", refusedRoutes],
    ];
    for (const [failing, why, trouble] of failures)
        it(`rolls back to the old version by itself when ${failing} fails: ${why}`, async () => {
            const { code, stdout, stderr } = await withTraffic(`${failing} fails`, () =>
                returnsFrom(stack, failing, trouble, "--image", image(next())),
            );
            assert.equal(code, 1, stdout + stderr);
            assert.match(stderr, new RegExp(`model upgrade: did not reach new \\(${failing}: `));
            await assertRuns(tag);
        });

    /** Kills the run when the cluster's record says that a step has begun. */
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

    it("killed in every phase: status reports it, and run continues to the end", async () => {
        const version = next();
        await withTraffic("killed forward", async () => {
            await killedIn("prepare", "--image", image(version));
            for (const phase of ["drain", "stop", "start", "verify", "switch", "done"] as const) await killedIn(phase);
            succeeded(await ops("run", "--yes"));
        });
        await assertRuns(version);
        tag = version;
    });

    it("killed while the new version starts, and then aborted: the old version serves", async () => {
        await withTraffic("killed and aborted", async () => {
            await killedIn("start", "--image", image(next()));
            const { code, stderr } = await stack.ops("convert", "run", "--yes", "--to", "intra-a");
            assert.equal(code, 2);
            assert.match(stderr, /an upgrade of the model is in progress/);
            succeeded(await ops("abort", "--yes"));
        });
        await assertRuns(tag);
    });

    it("rolls back when abort is run from another terminal", async () => {
        await withTraffic("aborted", async () => {
            const { ended } = stack.start("--image", image(next()));
            await untilStep(stack, ended, "start");
            assert.match(succeeded(await ops("abort", "--yes")).stdout, /to roll back to old/);
            const { code, stderr } = await ended;
            assert.equal(code, 1);
            assert.match(stderr, /did not reach new \((start: )?model upgrade abort was run\)/);
        });
        await assertRuns(tag);
    });

    it("is rehearsed with a small model in a stack of its own, which does not affect production", async () => {
        const { stdout } = await withTraffic("rehearsal", async () =>
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
