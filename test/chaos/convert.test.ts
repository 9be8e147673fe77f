// Proves that Alpa moves from bare metal into the cluster and back while callers send requests. Proves that a
// conversion rolls back by itself if any step fails, and that `run` continues a conversion that was killed in any step.
// The engine, API server, scheduler and KubeRay operator are real. Gateway, hosts, kubelets, GPUs and Alpa are
// emulators, so the times say nothing about a real model.
import { strict as assert } from "node:assert";
import { PHASES, type Phase } from "../../ops/convert/phases";
import { ask } from "../engine/kit/conversion/conversion-stack";
import { killed, useConvertStack, type ConvertStack } from "../engine/kit/conversion/convert-stack";
import {
    fault,
    refused,
    returnsFrom,
    told,
    type Trouble,
    underTraffic,
    untilStep,
} from "../engine/kit/conversion/trouble";
import type { Place } from "../engine/kit/place";
import { eventually, failed, succeeded } from "../engine/kit/stack";
import { Rest } from "../../sandbox/rampart/kubernetes/rest";
import type { World } from "../../sandbox/world/world";

describe("npm run ops -- convert", function () {
    this.timeout(900_000);
    let place: Place<World>;
    let stack: ConvertStack;
    let url: string;
    let key: string;

    useConvertStack("convert", (deployed) => ({ place, stack, url, key } = deployed));

    const withTraffic = <T>(title: string, act: () => Promise<T>) => underTraffic({ stack, url, key }, title, act);

    const status = async () => JSON.parse(succeeded(await stack.ops("convert", "status", "--json")).stdout);

    async function assertSettledIn(option: "intra-a" | "intra-b"): Promise<void> {
        const facts = await status();
        assert.deepEqual([facts.state, facts.option, facts.callers], ["settled", option, "served"]);
        const side = option === "intra-a" ? "bare metal" : "pod";
        for (const node of place.world.facts.gpus!.nodes) {
            const sides = new Set(place.world.gpus!.ledger.on(node).map((hold) => hold.side));
            assert.deepEqual([...sides], [side], node);
        }
    }

    it("moves Alpa into the cluster: callers get answers, or 503 with Retry-After in the announced window", async () => {
        await withTraffic("forward", async () => succeeded(await stack.ops("convert", "run", "--yes")));
        await assertSettledIn("intra-b");
        const record = await place.world.read("v1", "ConfigMap", "convert", "alpa-auth-conversion");
        assert.ok((record!.data as Record<string, string>).beat, "the record in the cluster names who ran it");
    });

    it("moves Alpa back to bare metal, while `consumer revoke` names the command that blocks a leaked credential", async () => {
        const leaked = (await stack.outputs()).credentials["smoke/key"];
        const revoke = () => stack.ops("consumer", "revoke", "smoke", "key", "--yes");
        await withTraffic("back", async () => {
            const { ended } = stack.start("--to", "intra-a");
            await untilStep(stack, ended, "back to stop");
            assert.match(
                failed(await revoke()),
                /kubectl --context \S+ --server \S+ -n convert delete secret smoke\.key$/m,
            );
            await new Rest(place.world.kubeConfig).call("DELETE", "/api/v1/namespaces/convert/secrets/smoke.key");
            await eventually("a rejection", async () => (await ask(url, leaked)).status === 401 || undefined, 30);
            succeeded(await ended);
        });
        await assertSettledIn("intra-a");
        assert.equal((await ask(url, leaked)).status, 401, "after the conversion");
        succeeded(await revoke());
        assert.equal((await ask(url, leaked)).status, 401, "after the revocation");
    });

    it("changes nothing in the next `up`", async () => {
        succeeded(await stack.preview("--expect-no-changes"));
    });

    const closedHosts = async () => {
        const ways = place.world.gpus!.bareMetal.hosts.map(({ way }) => way);
        for (const way of ways) await way.shut();
        return async () => {
            for (const way of ways) await way.open();
        };
    };
    const at = () => place;
    const refusedRoutes = refused(at, "apisix.apache.org", "apisixroutes", "UPDATE");

    /** A failure in each phase except the last. Each of these failures can also happen in production. */
    const failures: [failing: Exclude<Phase, "done">, why: string, trouble: Trouble][] = [
        ["prepare", "the API server rejects the component", refused(at, "ray.io", "rayclusters", "CREATE")],
        ["drain", "the API server rejects changes of routes", refusedRoutes],
        ["stop", "bare metal does not stop in time", fault(at, { step: "stop", side: "bare metal" })],
        ["start", "the model cannot be loaded in the component", fault(at, { step: "load", side: "pod" })],
        ["verify", "the component's answers differ", fault(at, { step: "answers", side: "pod" })],
        ["switch", "the API server rejects changes of routes", refusedRoutes],
    ];
    for (const [failing, why, trouble] of failures)
        it(`rolls back to intra-a by itself when ${failing} fails: ${why}`, async () => {
            const { code, stdout, stderr } = await withTraffic(`${failing} fails`, () =>
                returnsFrom(stack, failing, trouble),
            );
            assert.equal(code, 1, stdout + stderr);
            assert.match(stderr, new RegExp(`convert: did not reach intra-b \\(${failing}: `));
            assert.match(stderr, /It was rolled back to intra-a, which serves/);
            await assertSettledIn("intra-a");
        });

    it("leaves callers with the component when done fails, and moves back on the operator's command", async () => {
        await withTraffic("done fails", async () => {
            const { ended } = stack.start();
            await untilStep(stack, ended, "done");
            const open = await closedHosts();
            const { code, stderr } = await ended;
            assert.equal(code, 1, stderr);
            assert.match(
                stderr,
                /a human is needed\. Callers are served by the component \(\w+\/key got an answer from \S+ after \d+ ms\), but done .* has failed twice/,
            );
            const { state, reached, callers } = await status();
            assert.deepEqual([state, reached, callers], ["interrupted", "switch", "served"]);
            await open();
            succeeded(await stack.ops("convert", "abort", "--yes"));
        });
        await assertSettledIn("intra-a");
    });

    // No callers send requests in this test, because their answers are not specified while the component is down.
    it("rolls back to intra-a by itself when phase done fails and the component is also down", async () => {
        const { ended } = stack.start();
        await untilStep(stack, ended, "done");
        place.world.gpus!.faults.add({ step: "load", side: "pod", times: Infinity });
        const open = await closedHosts();
        await stack.losePods();
        await untilStep(stack, ended, "return");
        // Only the hosts are repaired: the component stays broken.
        await open();
        const { code, stderr } = await ended;
        place.world.gpus!.faults.clear();
        console.log(`      done fails, and no backend answers: ${told(stack.record(), [])}`);
        assert.equal(code, 1, stderr);
        assert.match(
            stderr,
            /did not reach intra-b \(done: .*; and callers are not served by the component: \w+\/key at \S+: request failed/,
        );
        assert.match(stderr, /It was rolled back to intra-a, which serves/);
        await assertSettledIn("intra-a");
        assert.equal((await ask(url, key)).status, 200);
    });

    it("names the next step while pods still hold the GPUs, and continues the rollback when they are free", async () => {
        await withTraffic("GPUs stay held", async () => {
            place.world.gpus!.faults.add({ step: "release", side: "bare metal" });
            const { code, stderr } = await stack.ops("convert", "run", "--yes");
            assert.equal(code, 1);
            assert.match(
                stderr,
                /a human is needed\. back to drain \(Alpa on bare metal is started by its own command\)/,
            );
            const { state, direction, reached, callers } = await status();
            assert.deepEqual([state, direction, reached, callers], ["interrupted", "back", "drain", "get 503"]);
            place.world.gpus!.ledger.sweep();
            succeeded(await stack.ops("convert", "abort", "--yes"));
        });
        await assertSettledIn("intra-a");
    });

    /**
     * Waits until the cluster's record says that a step has begun, and kills the run. Asserts what `status` prints
     * afterwards.
     */
    async function killedIn(step: string, place: string, more: string[]): Promise<void> {
        const { child, ended } = stack.start(...more);
        await untilStep(stack, ended, step);
        await stack.untilGoing(place);
        killed(child.pid!);
        await ended;
        const facts = await status();
        const direction = step.startsWith("back") ? "back" : "forward";
        assert.deepEqual(
            [facts.state, facts.direction, facts.step, facts.asked, facts.next[0], facts.holder],
            ["interrupted", direction, step, place, step, null],
        );
        // If the run is killed in a step that starts or ends the 503 answers, some gateway pods may not have the change
        // yet.
        const answer = await ask(url, key);
        if (facts.callers === "served") assert.equal(answer.status, 200, `killed in ${step}`);
        else assert.ok([200, 503].includes(answer.status as number), `killed in ${step}: ${answer.status}`);
    }

    /**
     * During a conversion, a preview by hand succeeds in the clone that runs the conversion. It fails in a clone with
     * another state.
     */
    async function assertHeldByThisClone(): Promise<void> {
        succeeded(await stack.preview());
        const other = await stack.run(["preview"], { env: { ALPA_AUTH_STACK_FILES: place.dir } });
        assert.match(failed(other), /convert: a conversion is under way \(locked by \S+ convert-\S+ until /);
    }

    it("killed in every phase: status reports it, and run continues to the end", async () => {
        await withTraffic("killed forward", async () => {
            for (const phase of PHASES) {
                await killedIn(phase, phase, []);
                if (phase === "stop") await assertHeldByThisClone();
            }
            succeeded(await stack.ops("convert", "run", "--yes"));
        });
        await assertSettledIn("intra-b");
    });

    it("killed in every step of the rollback: status reports it, and run continues to the end", async () => {
        await withTraffic("killed back", async () => {
            for (const at of ["switch", "start", "stop", "drain", "prepare", "intra-a"])
                await killedIn(`back to ${at}`, at, at === "switch" ? ["--to", "intra-a"] : []);
            succeeded(await stack.ops("convert", "run", "--yes"));
        });
        await assertSettledIn("intra-a");
        succeeded(await stack.preview("--expect-no-changes"));
    });
});
