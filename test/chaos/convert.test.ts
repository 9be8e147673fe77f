// Proves that Alpa moves from bare metal into the cluster and back while callers send requests, who get answers, or 503 with
// Retry-After while it is closed, and nothing else; that a conversion returns by itself when it fails; that `run` and `abort`
// continue one that was killed; and that a second operator gets one error. The engine, API server, scheduler and KubeRay
// operator are real. Gateway, hosts, kubelets, GPUs and Alpa are emulators, so the times say nothing about a real model.
import { strict as assert } from "node:assert";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Stage } from "../../components/opt/conversion-phases";
import {
    ask,
    killed,
    steadyCallers,
    useConversionStack,
    type ConversionStack,
} from "../engine/kit/conversion/conversion-stack";
import type { Place } from "../engine/kit/place";
import { eventually, failed, succeeded } from "../engine/kit/stack";
import { Rest } from "../../sandbox/rampart/kubernetes/rest";
import type { World } from "../../sandbox/world/world";

describe("npm run ops -- convert", function () {
    this.timeout(900_000);
    let place: Place<World>;
    let stack: ConversionStack;
    let url: string;
    let key: string;

    useConversionStack("convert", (deployed) => ({ place, stack, url, key } = deployed));

    /** Asserts what two callers get while `act` runs. @param closes whether the route must close meanwhile */
    async function withTraffic(title: string, closes: boolean, act: () => Promise<unknown>): Promise<void> {
        const callers = steadyCallers(url, key);
        await act().finally(() => callers.stop());
        const refused = callers.answers.filter(({ status }) => status !== 200);
        console.log(`      ${title}: ${callers.count} requests, ${refused.length} of them 503`);
        for (const { status, retryAfter, body } of refused) {
            assert.deepEqual([status, retryAfter], [503, "60"], body);
            const { type, stacktrace } = JSON.parse(body) as Record<string, string>;
            assert.deepEqual([type, stacktrace], ["error", ""]);
        }
        assert.equal(refused.length > 0, closes, `${refused.length} got 503`);
        assert.ok(callers.count > refused.length, "no request was answered");
    }

    async function assertSettledIn(stage: Stage): Promise<void> {
        const { stage: reached, isComplete } = await stack.progress();
        assert.deepEqual([reached, isComplete], [stage, true]);
        const { nodes } = place.world.facts.gpus!;
        const sides = new Set(nodes.flatMap((node) => place.world.gpus!.ledger.on(node).map(({ side }) => side)));
        assert.deepEqual([...sides], [stage === "intra-a" ? "bare metal" : "pod"]);
        assert.equal((await ask(url, key)).status, 200);
    }

    /** Waits until a run has recorded a stage. */
    const until = (stage: Stage) =>
        eventually(`a run to ${stage}`, async () => ((await stack.progress()).stage === stage ? true : undefined), 300);

    /** Kills a command and its pulumi after its run has recorded a stage. */
    async function killedIn(stage: Stage, ...command: string[]): Promise<void> {
        const { child, ended } = stack.start(...command);
        await until(stage);
        killed(child.pid!);
        await ended;
    }

    it("moves Alpa into the cluster", async () => {
        await withTraffic("forward", true, async () => succeeded(await stack.start("run").ended));
        await assertSettledIn("open");
        succeeded(await stack.preview("--expect-no-changes"));
    });

    it("moves Alpa back, while `consumer revoke` names the command that blocks a leaked credential", async () => {
        const leaked = (await stack.outputs()).credentials["smoke/2026a"];
        const revoke = () => stack.ops("consumer", "revoke", "smoke", "2026a", "--yes");
        await withTraffic("back", true, async () => {
            const { ended } = stack.start("run", "--to", "intra-a");
            await until("moved");
            assert.match(
                failed(await revoke()),
                /kubectl --context \S+ --server \S+ -n convert delete secret smoke\.2026a$/m,
            );
            await new Rest(place.world.kubeConfig).call("DELETE", "/api/v1/namespaces/convert/secrets/smoke.2026a");
            await eventually("a rejection", async () => (await ask(url, leaked)).status === 401 || undefined, 30);
            succeeded(await ended);
        });
        await assertSettledIn("intra-a");
        assert.equal((await ask(url, leaked)).status, 401, "after the conversion");
        succeeded(await revoke());
        assert.equal((await ask(url, leaked)).status, 401, "after the revocation");
    });

    it("returns by itself when the component cannot load the model", async () => {
        await withTraffic("load fails", true, async () => {
            place.world.gpus!.faults.add({ step: "load", side: "pod", times: Infinity });
            const { code, stderr } = await stack.start("run").ended;
            place.world.gpus!.faults.clear();
            assert.equal(code, 1, stderr);
            assert.match(stderr, /convert: did not reach intra-b \(moved: .* It has returned to intra-a/);
        });
        await assertSettledIn("intra-a");
    });

    it("goes on after kill -9 in each phase, on the explicit flag alone", async () => {
        await withTraffic("killed forward", true, async () => {
            await killedIn("prepared", "run");
            // Killed between two operations, Pulumi leaves only its lock, which names user, host, pid and time too.
            assert.match(
                failed(await stack.start("run").ended),
                /(in progress \(phase prepared, \S+@\S+, pid \d+, since |created by \S+@\S+ \(pid \d+\) at )[^]* add --take-over/,
            );
            for (const stage of ["closed", "moved", "open"] as const) await killedIn(stage, "run", "--take-over");
            succeeded(await stack.start("run", "--take-over").ended);
        });
        await assertSettledIn("open");
    });

    it("goes back after kill -9 in each phase", async () => {
        await withTraffic("killed back", true, async () => {
            await killedIn("moved", "run", "--to", "intra-a");
            for (const stage of ["closed", "prepared", "intra-a"] as const)
                await killedIn(stage, "abort", "--take-over");
            succeeded(await stack.start("abort", "--take-over").ended);
        });
        await assertSettledIn("intra-a");
        succeeded(await stack.preview("--expect-no-changes"));
    });

    it("rejects a second operator, and a plain up of another clone, with one error", async () => {
        const other = join(place.dir, "other-clone");
        mkdirSync(other);
        const theirs = join(other, "Pulumi.convert.yaml");
        cpSync(stack.file, theirs);
        const { child, ended } = stack.start("run");
        await until("closed");
        process.kill(child.pid!, "SIGINT");
        assert.match((await ended).stderr, /convert: stopped in phase closed \(it was ended by SIGINT\)\. Continue: /);
        const before = await stack.resources();
        const env = { ALPA_AUTH_STACK_FILES: other };
        const up = await stack.run(["up", "--yes", "--config-file", theirs], { env });
        assert.match(failed(up), /convert: the stack is in phase closed \(attempt \d+ by .*this run would set intra-a/);
        assert.deepEqual(await stack.resources(), before);
        // Two operators go on at once: one of them carries out the conversion, whichever comes first.
        const runs = await Promise.all([1, 2].map(() => stack.start("run", "--take-over").ended));
        const [first, second] = runs.sort((a, b) => a.code - b.code);
        succeeded(first);
        assert.match(failed(second), /is changing the stack file|conversion to intra-b is in progress/);
        await assertSettledIn("open");
        succeeded(await stack.start("run", "--to", "intra-a").ended);
        await assertSettledIn("intra-a");
    });
});
