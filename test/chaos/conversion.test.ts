// Proves that a conversion goes forward, back and forward again, one phase at a time. Proves that callers get 503 only
// in the maintenance window. The engine, API server and KubeRay operator are real. Hosts, kubelets, Ray, Alpa and the
// gateway are emulators, so this does not prove that real GPUs and a real Alpa behave the same.
import { strict as assert } from "node:assert";
import { PHASES, type Stage } from "../../components/opt/conversion-phases";
import type { World } from "../../sandbox/world/world";
import { ask, ConversionStack, steadyCallers, type Sent } from "../engine/kit/conversion/conversion-stack";
import { gpuWorld } from "../engine/kit/conversion/gpu-world";
import { freeNodePort } from "../engine/kit";
import type { Place } from "../engine/kit/place";
import { failed, succeeded, TOOLS_MILLISECONDS } from "../engine/kit/stack";

/**
 * When callers may get 503: from the start of the run to `drain` until the end of the run that routes callers to the new
 * backend.
 */
interface Window {
    from: number;
    to: number;
}

describe("a conversion on the engine", () => {
    let place: Place<World> | undefined;
    let world: World;
    let stack: ConversionStack;
    let url: string;
    let key: string;

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        place = await gpuWorld();
        world = place.world;
        stack = await ConversionStack.create("conv", world, place.dir, await freeNodePort());
        succeeded(await stack.up());
        const outputs = await stack.outputs();
        url = outputs.url;
        key = outputs.credentials["lab/2026a"];
    });
    after(() => place?.end());

    const holders = () => [
        ...new Set(world.facts.gpus!.nodes.flatMap((node) => world.gpus!.ledger.on(node).map(({ side }) => side))),
    ];

    /** Goes through the stages while callers send requests. @returns the answers, and the maintenance window */
    async function journey(stages: Stage[], first: Stage, last: Stage): Promise<{ sent: Sent[]; window: Window }> {
        const callers = steadyCallers(url, key);
        const window = { from: 0, to: 0 };
        try {
            for (const stage of stages) {
                const start = Date.now();
                if (stage === first) window.from = start;
                await stack.go(stage);
                if (stage === last) window.to = Date.now();
                await callers.round(); // So that callers have answers of each stage on any machine.
                console.log(`      ${stage}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
                const { phase, going } = await stack.record();
                assert.deepEqual([phase, going], stage === "intra-a" ? [undefined, undefined] : [stage, stage]);
            }
        } finally {
            await callers.stop();
        }
        return { sent: callers.answers, window };
    }

    /** Asserts that requests are rejected only in the maintenance window, and only with the documented 503. */
    function assertSteady({ sent, window }: { sent: Sent[]; window: Window }) {
        const refused = sent.filter(({ status }) => status !== 200);
        for (const { status, retryAfter, body, from, to } of refused) {
            assert.equal(status, 503, `${status}: ${body}`);
            assert.equal(retryAfter, "60");
            const { type, stacktrace } = JSON.parse(body) as Record<string, string>;
            assert.deepEqual({ type, stacktrace }, { type: "error", stacktrace: "" });
            assert.ok(from >= window.from - 1000 && to <= window.to + 1000, "503 outside of the window");
        }
        const outside = sent.filter(({ from, to }) => to < window.from || from > window.to);
        assert.ok(outside.length > 0 && refused.length > 0, `${outside.length} outside, ${refused.length} refused`);
        console.log(
            `      ${sent.length} requests, ${refused.length} refused in a window of ${((window.to - window.from) / 1000).toFixed(1)} s`,
        );
    }

    it("refuses to skip a phase, and changes nothing", async () => {
        stack.ask("drain");
        assert.match(
            failed(await stack.up()),
            /convert\.phase: must go one step at a time \(got drain, and the last run reached intra-a\)/,
        );
        assert.equal((await ask(url, key)).status, 200);
    });

    it("converts as far as done: callers get 503 only from drain to switch, and afterwards answers of the component", async () => {
        assertSteady(await journey([...PHASES], "drain", "switch"));
        assert.deepEqual(holders(), ["pod"]);
        assert.equal((await ask(url, key)).status, 200);
        assert.equal((await ask(url)).status, 401);
    });

    it("changes nothing in a second run", async () => {
        const again = succeeded(await stack.up());
        assert.doesNotMatch(again.stdout, /\d+ (created|updated|deleted|replaced)/);
    });

    it("goes back to intra-a, and bare metal answers", async () => {
        assertSteady(await journey(["switch", "start", "stop", "drain", "prepare", "intra-a"], "start", "prepare"));
        assert.deepEqual(holders(), ["bare metal"]);
        const { conversion } = await stack.outputs();
        assert.equal(conversion, undefined);
        assert.equal(await world.read("ray.io/v1", "RayCluster", stack.name, "alpa-opt"), undefined);
    });

    it("goes forward again, and the verifier reaches Alpa while callers get 503", async () => {
        const there = await journey(["prepare", "drain", "stop", "start", "verify"], "drain", "none" as Stage);
        const { conversion } = await stack.outputs();
        const { verification } = conversion!;
        assert.equal((await ask(verification.url, verification.key)).status, 200);
        assert.equal((await ask(verification.url, key)).status, 403);
        assert.equal((await ask(url, key)).status, 503);
        assert.equal((await ask(url)).status, 401, "a request without a credential gets 401");
        const on = await journey(["switch", "done"], "none" as Stage, "switch");
        assertSteady({ sent: [...there.sent, ...on.sent], window: { from: there.window.from, to: on.window.to } });
    });

    it("lets the operator repeat or undo a step that failed, whatever Pulumi recorded", async () => {
        await journey(["switch", "start", "stop"], "start", "none" as Stage);
        world.gpus!.faults.add({ step: "load", side: "bare metal" });
        stack.ask("drain");
        assert.match(failed(await stack.up()), /alpa-ray\.service has failed\. Run: journalctl/);
        assert.deepEqual((({ phase, going }) => [phase, going])(await stack.record()), ["stop", "drain"]);
        stack.ask("prepare");
        assert.match(failed(await stack.up()), /the run from stop to drain did not complete/);
        await stack.go("drain");
        await stack.go("prepare");
        assert.equal((await ask(url, key)).status, 200);
        assert.equal((await stack.record()).attempt, "1");
    });

    it("leaves nothing when it is destroyed", async () => {
        succeeded(await stack.destroy());
        assert.deepEqual(await stack.resources(), []);
        assert.deepEqual(holders(), ["bare metal"], "nothing runs on the hosts");
    });
});
