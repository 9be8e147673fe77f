// Proves that Alpa goes from bare metal into the cluster and back under a caller's steady requests, that it returns by itself
// when a step fails, and that it is gone on with when it was killed: on the real engine, API server, scheduler and operator of
// KubeRay. Gateway, hosts, kubelets, GPUs and Alpa are stand-ins, so the times say nothing of a real model.
import { strict as assert } from "node:assert";
import type { Fault } from "../../sandbox/gpus/faults";
import type { World } from "../../sandbox/world/world";
import { duration } from "../../ops/convert/clock";
import { ConvertStack, gpuWorld, killed } from "../engine/convert-kit";
import type { Place } from "../engine/place";
import { eventually, succeeded, TOOLS_MILLISECONDS } from "../engine/stack";

interface Answer {
    status: number;
    retryAfter: string | null;
    body: { type?: string; stacktrace?: string };
    /** When it came, in milliseconds. */
    at: number;
}

describe("npm run ops -- convert", function () {
    this.timeout(600_000);
    let place: Place<World>;
    let stack: ConvertStack;
    let url: string;
    let key: string;

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        place = await gpuWorld();
        stack = await ConvertStack.create("convert", place);
        succeeded(await stack.up());
        const outputs = await stack.outputs();
        [url, key] = [outputs.url, outputs.credentials["alice/key"]];
    });
    afterEach(() => place.world.gpus!.faults.clear());
    after(async () => {
        await stack?.destroy();
        await place?.end();
    });

    async function ask(): Promise<Answer> {
        const response = await fetch(`${url}/completions`, {
            method: "POST",
            headers: { "Content-Type": "application/json", apikey: key },
            body: JSON.stringify({ model: "default", prompt: "Paris is", max_tokens: 4 }),
        });
        const body = (await response.json()) as Answer["body"];
        return { status: response.status, retryAfter: response.headers.get("retry-after"), body, at: Date.now() };
    }

    /** One request after the other while something runs. */
    async function underTraffic<T>(act: () => Promise<T>): Promise<{ result: T; answers: Answer[] }> {
        const answers: Answer[] = [];
        let stopped = false;
        const traffic = (async () => {
            while (!stopped) answers.push(await ask());
        })();
        try {
            return { result: await act(), answers };
        } finally {
            stopped = true;
            await traffic;
        }
    }

    /** Nothing but answers of Alpa, and in the announced time nothing but refusals that say when to come again. */
    function assertAnnounced(answers: Answer[]): void {
        const [open, close] = windowOf();
        assert.ok(answers.length > 20, `${answers.length} answers`);
        for (const { status, retryAfter, body, at } of answers) {
            if (status === 200) continue;
            assert.equal(status, 503, JSON.stringify(body));
            assert.ok(at >= open && at <= close, `503 outside of the announced time: ${at} of ${open} to ${close}`);
            assert.ok(Number(retryAfter) > 0, `Retry-After ${retryAfter}`);
            assert.deepEqual([body.type, body.stacktrace], ["error", ""]);
        }
        assert.ok(answers.some(({ status }) => status === 503));
        assert.equal(answers.at(-1)!.status, 200);
    }

    /** When the record says that callers get 503. */
    function windowOf(): [open: number, close: number] {
        const entries = stack.record();
        const times = entries.filter(({ event }) => event === "step" || event === "step-end");
        const at = (step: string[], event: string) =>
            times
                .filter((entry: any) => entry.event === event && step.includes(entry.step))
                .map(({ time }) => Date.parse(time));
        return [at(["drain", "back to start"], "step")[0], at(["switch", "back to prepare"], "step-end").at(-1)!];
    }

    function tell(title: string): void {
        const lines = stack
            .record()
            .flatMap((entry) =>
                entry.event === "step-end"
                    ? [`${entry.step} ${entry.outcome} ${entry.seconds.toFixed(1)} s`]
                    : entry.event === "end"
                      ? [`503 for ${duration(entry.downSeconds)}`]
                      : [],
            );
        console.log(`      ${title}: ${lines.join(", ")}`);
    }

    const status = async () => JSON.parse(succeeded(await stack.ops("convert", "status", "--json")).stdout);

    it("goes into the cluster: callers get answers, and in the announced time 503 with Retry-After", async () => {
        const { result, answers } = await underTraffic(() => stack.ops("convert", "run"));
        succeeded(result);
        tell("forward");
        assertAnnounced(answers);
        assert.equal((await stack.outputs()).conversion!.phase, "done");
        assert.equal((await status()).state, "settled");
        for (const node of place.world.facts.gpus!.nodes) {
            const sides = place.world.gpus!.ledger.on(node).map(({ side }) => side);
            assert.ok(sides.length > 0 && sides.every((side) => side !== "bare metal"), `${node}: ${sides}`);
        }
    });

    it("goes back to bare metal, and changes nothing when brought up once more", async () => {
        const { result, answers } = await underTraffic(() => stack.ops("convert", "run", "--to", "intra-a"));
        succeeded(result);
        tell("back");
        assertAnnounced(answers);
        assert.equal((await stack.outputs()).conversion, undefined);
        succeeded(await stack.preview("--expect-no-changes"));
    });

    const failures: [failing: string, fault: Fault, steps: string[]][] = [
        ["start", { step: "load", side: "pod", times: 20 }, ["back to stop", "back to drain"]],
        ["verify", { step: "answers", side: "pod", times: 20 }, ["back to stop", "back to drain"]],
    ];
    for (const [failing, fault, steps] of failures)
        it(`returns to intra-a by itself when ${failing} fails`, async () => {
            place.world.gpus!.faults.add(fault);
            const { result, answers } = await underTraffic(() => stack.ops("convert", "run"));
            tell(failing);
            assert.equal(result.code, 1, result.stdout + result.stderr);
            assert.match(result.stderr, new RegExp(`convert: must reach intra-b \\(${failing}: `));
            assert.match(result.stderr, /It is back at intra-a, which serves/);
            for (const step of [...steps, "back to prepare", "back to intra-a"])
                assert.ok(stack.steps().includes(step), stack.steps().join());
            assertAnnounced(answers);
        });

    it("is rehearsed in a stack of its own, of which production notices nothing, and which is cleared away", async () => {
        const { result, answers } = await underTraffic(() => stack.ops("convert", "plan", "--rehearse", "--json"));
        const { outcome, steps } = JSON.parse(succeeded(result).stdout);
        console.log(
            `      rehearsal: ${steps.map(({ step, seconds }: any) => `${step} ${seconds.toFixed(1)} s`).join(", ")}`,
        );
        assert.equal(outcome, "rehearsed");
        assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
        const folder = place.world.facts.stackFiles;
        assert.doesNotMatch(await stack.must(["-C", folder, "stack", "ls", "--json"]), /rehearsal/);
        succeeded(await stack.preview("--expect-no-changes"));
    });

    it("says what a human must do while the GPUs stay held, and goes on with the way back once they are free", async () => {
        place.world.gpus!.faults.add({ step: "release", side: "bare metal" });
        const { code, stderr } = await stack.ops("convert", "run");
        tell("GPUs held");
        assert.equal(code, 1);
        assert.match(stderr, /a human is needed\. back to drain \(bare metal is started by its own command\)/);
        const { state, direction, reached, callers } = await status();
        assert.deepEqual([state, direction, reached, callers], ["interrupted", "back", "drain", "get 503"]);
        place.world.gpus!.ledger.sweep();
        succeeded(await stack.ops("convert", "abort"));
        assert.equal((await ask()).status, 200);
        assert.equal((await stack.outputs()).conversion, undefined);
    });

    for (const step of ["prepare", "stop", "start"])
        it(`killed in ${step}: status tells it, and run goes on to the end`, async () => {
            const { child, ended } = stack.start();
            const begun = () => stack.record().at(-1);
            await eventually(
                `${step} under way`,
                async () => {
                    const last = begun();
                    return last?.event === "step" && last.step === step ? last : undefined;
                },
                300,
            );
            killed(child.pid!);
            await ended;
            const { state, direction, step: open, next } = await status();
            assert.deepEqual([state, direction, open, next[0]], ["interrupted", "forward", step, step]);
            succeeded(await stack.ops("convert", "run"));
            tell(`killed in ${step}`);
            assert.equal((await stack.outputs()).conversion!.phase, "done");
            assert.equal((await ask()).status, 200);
            succeeded(await stack.ops("convert", "run", "--to", "intra-a"));
        });
});
