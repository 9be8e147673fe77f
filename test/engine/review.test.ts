// Proves that a review and drift by the command line are of what the real engine, Kubernetes provider and API server say, and
// that the engine still says of a change what it said when it was recorded. What a review says of each kind of change is
// asked of recordings: test/unit/ops/stack/review/recorded*.test.ts. Rampart and the gateway are stand-ins.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api, CustomObjectsApi } from "@kubernetes/client-node";
import type { Finding } from "../../ops/stack/review/finding";
import { codes, findingsOf } from "../findings";
import { alice, CHANGES, consumers, MUCH, STACK } from "../recorded/intra-a";
import { read } from "../recorded/recording";
import { current, failed, succeeded, TestStack, useWorld } from "./kit";

describe("review on the engine", function () {
    this.timeout(600_000);
    useWorld();
    let stack: TestStack;
    let secrets: string[];
    let plan: string;

    before(async () => {
        stack = await TestStack.create(STACK, { consumers });
        succeeded(await stack.up());
        const { credentials, jwtSecrets } = await stack.outputs();
        secrets = [...Object.values(credentials), ...Object.values(jwtSecrets)];
        plan = join(current().dir, "plan.json");
    });
    after(async () => {
        stack.configure({ consumers });
        await stack.destroy();
    });

    const become = (what: string) =>
        stack.configure({
            consumers,
            ...CHANGES[what]({ nodePort: stack.nodePort, alpa: current().world.facts.alpa }),
        });
    const told = (text: string) =>
        (JSON.parse(text).findings as Finding[]).map(({ severity, code, says }) => [severity, code, says]);

    it("as a command ends with 0 for nothing, also where a risk is to fail", async () => {
        become("nothing");
        const run = await stack.ops("stack", "review", "--format", "json", "--fail-on", "risk");
        assert.equal(run.code, 0, run.stderr + run.stdout);
        assert.deepEqual(told(run.stdout), []);
    });

    it("as a command ends with 1 for what breaks callers, and reads a saved plan the same", async () => {
        become(MUCH);
        const run = await stack.ops("stack", "review", "--format", "json", "--save-plan", plan);
        assert.equal(run.code, 1, run.stderr);
        const fromPlan = await stack.ops("stack", "review", "--format", "json", "--plan", plan);
        assert.equal(fromPlan.code, 1, fromPlan.stderr);
        assert.deepEqual(told(fromPlan.stdout), told(run.stdout));
        assert.deepEqual(codes(JSON.parse(run.stdout).findings), codes(findingsOf(read("intra-a"), MUCH)));
        for (const secret of secrets)
            assert.ok(![run, fromPlan].some(({ stdout, stderr }) => `${stdout}${stderr}`.includes(secret)));
    });

    it("has the resources that are recorded, and does to each what is recorded", () => {
        const previews = read("intra-a");
        const { resourcePlans } = JSON.parse(readFileSync(plan, "utf8")) as {
            resourcePlans: Record<string, { steps: string[] }>;
        };
        // A plan has the providers that the engine makes by itself, a preview has not.
        const planned = Object.entries(resourcePlans).filter(([urn]) => !/::pulumi:providers:[^:]+::default/.test(urn));
        const engine = planned.flatMap(([urn, { steps }]) => steps.map((op) => `${op} ${urn}`));
        const recorded = previews[MUCH].steps.map(({ op, urn }) => `${op} ${urn}`);
        const renew = "the recordings are of another program: npm run record";
        assert.deepEqual(engine.filter((step) => !step.startsWith("same ")).sort(), recorded.sort(), renew);
        const gone = previews["the end of the stack"].steps
            .map(({ urn }) => urn)
            .filter((urn) => !(urn in resourcePlans));
        assert.deepEqual(gone, [], renew);
    });

    it("expire stops at what else the run would do", async () => {
        become("a credential that has ended, and a caller less");
        const run = await stack.ops("consumer", "expire", "--apply");
        assert.match(failed(run), /are others: caller-removed/);
        assert.match(run.stdout, /credential-revoked {2}Credential alice\/a2 stops working/);
    });

    it("drift names what somebody did in the cluster, up --refresh puts it back, and then it finds nothing", async () => {
        become("nothing");
        const { kubeConfig } = current().world;
        const objects = kubeConfig.makeApiClient(CustomObjectsApi);
        const place = {
            group: "apisix.apache.org",
            version: "v1alpha1",
            namespace: stack.name,
            plural: "consumers",
            name: alice.name,
        };
        const live = await objects.getNamespacedCustomObject(place);
        const plugins = live.spec.plugins.map((plugin: any) =>
            plugin.name === "limit-conn" ? { ...plugin, config: { ...plugin.config, conn: 1 } } : plugin,
        );
        await objects.replaceNamespacedCustomObject({ ...place, body: { ...live, spec: { ...live.spec, plugins } } });
        await kubeConfig.makeApiClient(CoreV1Api).deleteNamespacedSecret({ namespace: stack.name, name: "bob.b1" });
        const { code, stdout } = await stack.ops("stack", "drift");
        assert.equal(code, 1, stdout);
        assert.match(stdout, /credential-revoked {2}Credential bob\/b1 stops working/);
        assert.match(stdout, /limit-lowered {2}Caller alice has less: 2 open at the same time becomes 1/);
        for (const secret of secrets) assert.ok(!stdout.includes(secret));
        // Who wrote last holds the field, and nobody takes it without being told to.
        assert.match(failed(await stack.up("--refresh")), /conflict with .*\.spec\.plugins/s);
        const env = { PULUMI_K8S_ENABLE_PATCH_FORCE: "true" };
        succeeded(await stack.run(["up", "--yes", "--skip-preview", "--refresh"], { env }));
        const nothing = await stack.ops("stack", "drift", "--format", "json");
        assert.equal(nothing.code, 0, nothing.stderr + nothing.stdout);
        assert.deepEqual(told(nothing.stdout), []);
    });

    it("refuses a plan that is older than the state", async () => {
        const run = await stack.ops("stack", "review", "--plan", plan);
        assert.equal(run.code, 2, run.stdout);
        assert.match(run.stderr, /--plan: must be newer than the state .*Somebody has changed the stack since/);
    });
});
