// Proves on the real engine how `up` fails: with one clear error and without a change. After the fix, `up` completes.
import { strict as assert } from "node:assert";
import { CoreV1Api, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { findOrphanPlugins } from "../../../sandbox/processes";
import { sandboxId } from "../../../sandbox/world/state";
import { call, current, eventually, failed, schedulable, stuckAfterEtcd, succeeded, TestStack, useWorld } from "../kit";

const consumers = [{ name: "alice", credentials: [{ id: "k1", method: "key" }] }];

describe("when something is wrong,", () => {
    useWorld();

    it("a config error lists every problem, has no stack trace, and changes nothing", async () => {
        const stack = await TestStack.create("badconfig", {
            optoin: "x",
            alpa: { endpoints: ["10.0.0.1"] },
            gateway: { image: "apache/apisix:3.16.0-ubuntu" },
        });
        const said = failed(await stack.up());
        assert.match(said, /3 problems in the stack config, nothing was changed/);
        for (const problem of [
            /optoin: is not a known key\. Did you mean option\?/,
            /alpa\.endpoints\[0\]:/,
            /gateway\.image:/,
        ])
            assert.match(said, problem);
        assert.doesNotMatch(said, /at .*\.ts:\d+/);
        assert.deepEqual(await stack.resources(), []);
    });

    it("an unreachable cluster fails at once and names its address", async () => {
        const kubeconfig = JSON.stringify({
            clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
            contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
            users: [{ name: "u", user: {} }],
            "current-context": "c",
        });
        const stack = await TestStack.create("unreachable");
        await stack.configureSecret("cluster.kubeconfig", kubeconfig);
        const said = failed(await stack.up());
        assert.match(said, /cannot read the cluster at https:\/\/127\.0\.0\.1:1 \(/);
        assert.doesNotMatch(said, /no answer in/, "the check must not wait until its limit of 30 s");
        assert.deepEqual(await stack.resources(), []);
    });

    it("a node port that is in use and objects of another owner are all reported before anything is created", async () => {
        const core = current().world.kubeConfig.makeApiClient(CoreV1Api);
        const stack = await TestStack.create("foreign", { consumers });
        const holder = { name: "another-owner", namespace: "default" };
        const { name: namespace, nodePort } = stack;
        await core.createNamespacedService({
            namespace: "default",
            body: { metadata: holder, spec: { type: "NodePort", ports: [{ port: 80, nodePort }] } },
        });
        await core.createNamespace({ body: { metadata: { name: namespace } } });
        const theirs = { metadata: { name: "alice.k1" }, stringData: { key: "theirs" } };
        await core.createNamespacedSecret({ namespace, body: theirs });
        const said = failed(await stack.up());
        assert.match(said, /2 problems in the cluster/);
        assert.match(said, new RegExp(`${nodePort} is used by Service default/another-owner`));
        assert.match(said, /without an owner: Namespace foreign\. /);
        assert.deepEqual(await stack.resources(), []);
        const secret = await core.readNamespacedSecret({ namespace, name: "alice.k1" });
        assert.equal(Buffer.from(secret.data!.key, "base64").toString(), "theirs");
        await core.deleteNamespace({ name: namespace });
        await core.deleteNamespacedService(holder);
    });

    /** The first test creates this stack. The second test uses it and destroys it. */
    let stack: TestStack;

    it("a graph that Rampart reports as Failed fails `up` with Rampart's message, and deploys after the fix", async () => {
        stack = await TestStack.create("failing", { consumers, gateway: { chartRepository: "http://127.0.0.1:1" } });
        const start = Date.now();
        const said = failed(await stack.up());
        assert.match(said, /Rampart reports Failed \(GraphValidationError\)/);
        assert.match(said, /9\.9\.9|apisix/);
        assert.ok(Date.now() - start < 300_000, "the run must not wait until graphTimeoutSeconds has passed");
        assert.match(failed(await stack.up()), /Rampart reports Failed/, "a failure is not forgotten");
        stack.configure({ consumers });
        succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        assert.equal((await call(url, { key: credentials["alice/k1"] })).status, 200);
    });

    it("a manual edit of the graph is reported and stays until the operator decides; a deleted graph is re-created", async () => {
        const { world } = current();
        const objects = KubernetesObjectApi.makeApiClient(world.kubeConfig);
        const metadata = { name: "gateway", namespace: stack.name };
        const graph = { apiVersion: "rampart.petuum.com/v1beta2", kind: "RampartGraph", metadata };
        const live = async () => (await world.read(graph.apiVersion, graph.kind, stack.name, "gateway")) as any;
        const deployed = (generation: number) =>
            eventually(`generation ${generation} deployed`, async () =>
                (await live())?.status?.observedGeneration === generation ? true : undefined,
            );
        const patch = (change: object, type = PatchStrategy.MergePatch) =>
            objects.patch({ ...graph, ...change }, undefined, undefined, "kubectl-edit", undefined, type);

        const { generation } = (await live()).metadata;
        await patch({ spec: { graph: { components: { apisix: { $ui: { retry: 7 } } } } } });
        await deployed(generation + 1);
        const said = failed(await stack.up("--refresh"));
        assert.match(said, /must be changed by alpa-auth alone \(.*"kubectl-edit".*retry/);
        assert.equal((await live()).metadata.generation, generation + 1, "the edit stays until a person has decided");
        const managedFields = (await live()).metadata.managedFields.filter((m: any) => m.manager !== "kubectl-edit");
        await patch({ metadata: { ...metadata, managedFields } });
        succeeded(await stack.up("--refresh"));
        assert.equal((await live()).spec.graph.components.apisix.$ui.retry, 0);

        await objects.delete(graph);
        // Rampart leaves the namespace Terminating, and rejects a graph until the namespace is gone.
        const inside = () => world.read("v1", "Namespace", undefined, `${stack.name}-gateway-apisix`);
        await eventually("the graph gone", async () => (((await live()) ?? (await inside())) ? undefined : true));
        succeeded(await stack.up("--refresh"));
        const { url, credentials } = await stack.outputs();
        assert.equal((await call(url, { key: credentials["alice/k1"] })).status, 200);
        succeeded(await stack.destroy());
    });

    it("a deployment that fails shows helm's error and none of the controller's environment", async () => {
        const stack = await TestStack.create("helmfails", { consumers });
        const core = current().world.kubeConfig.makeApiClient(CoreV1Api);
        // Another Service takes the port after the preflight checks, so Kubernetes rejects the chart's Service.
        const up = stack.up();
        await eventually("the graph", async () => current().world.read("v1", "Namespace", undefined, `${stack.name}`));
        await core.createNamespacedService({
            namespace: "default",
            body: {
                metadata: { name: "late" },
                spec: { type: "NodePort", ports: [{ port: 80, nodePort: stack.nodePort }] },
            },
        });
        const run = await up;
        await core.deleteNamespacedService({ namespace: "default", name: "late" });
        const said = failed(run);
        assert.match(said, /Rampart reports Failed \(GraphDeploymentError\)/);
        assert.match(said, /provided port is already allocated/);
        assert.doesNotMatch(said, /'env':|RAMPART_|KUBECONFIG['"=]/);
        const state = await stack.must(["stack", "export"]);
        assert.doesNotMatch(state + said, /canary/, "the environment of Rampart's controller holds a canary");
        succeeded(await stack.run(["refresh", "--yes", "--skip-preview"]));
        assertNoStatus(await stack.must(["stack", "export", "--show-secrets"]));
        // Rampart does not retry an unchanged graph. Another value of `rampart.retry` changes the graph.
        stack.configure({ consumers, rampart: { retry: 1 } });
        succeeded(await stack.up());
        succeeded(await stack.run(["refresh", "--yes", "--skip-preview"]));
        assertNoStatus(await stack.must(["stack", "export", "--show-secrets"]));
        succeeded(await stack.destroy());
    });

    it("the preview shows what Rampart's admission webhook rejects", async () => {
        const stack = await TestStack.create("refused", { consumers });
        const core = current().world.kubeConfig.makeApiClient(CoreV1Api);
        const inside = `${stack.name}-gateway-apisix`;
        const annotations = { "alpa-auth.io/stack": `alpa-auth/${stack.name}` };
        await core.createNamespace({ body: { metadata: { name: stack.name, annotations } } });
        await core.createNamespace({ body: { metadata: { name: inside } } });
        const said = failed(await stack.preview());
        assert.match(said, /RampartGraph refused\/gateway: must be accepted by the API server \(admission webhook/);
        assert.ok(said.includes(inside), said);
        assert.doesNotMatch(said, /at .*\.js:\d+/, "a stack trace");
        await core.deleteNamespace({ name: inside });
        await core.deleteNamespace({ name: stack.name });
    });

    it("a graph that is Deploying is not changed until its deployment has ended", async () => {
        const { world, dir } = current();
        stack = await TestStack.create("killed", { consumers });
        const graph = () => world.read("rampart.petuum.com/v1beta2", "RampartGraph", stack.name, "gateway");
        const inside = `${stack.name}-gateway-apisix`;
        try {
            await stack.upKilledWhen(
                stuckAfterEtcd(stack, async () => {
                    const keys = await world.read("v1", "Secret", inside, "apisix-admin-keys");
                    return keys !== undefined && (await graph())?.status?.phase === "Deploying";
                }),
            );
            await stack.run(["cancel", "--yes"]);
            const before = (await world.read("v1", "Namespace", undefined, inside))!.metadata as { uid?: string };
            stack.configure({ consumers, gateway: { replicas: 2 } });
            const lines: string[] = [];
            const up = stack.run(["up", "--yes", "--skip-preview"], { onLine: (line) => lines.push(line) });
            const asked = () => lines.some((line) => /RampartGraph alpa-gateway-graph (creating|updating)/.test(line));
            await eventually(
                () => `pulumi to come to the graph, after\n${lines.join("\n")}\n`,
                async () => asked() || undefined,
            );
            assert.equal((await graph())!.metadata!.generation, 1, "the graph was patched while Deploying");
            await schedulable(true);
            succeeded(await up);
            assert.equal((await graph())!.metadata!.generation, 2);
            const after = (await world.read("v1", "Namespace", undefined, inside))!.metadata as { uid?: string };
            assert.equal(after.uid, before.uid, "Rampart tore the namespace down");
        } finally {
            await schedulable(true);
        }
        await eventually(
            "the plugins of the killed run gone",
            async () => findOrphanPlugins(sandboxId(dir)).length === 0 || undefined,
        );
    });

    it("the run after a killed run completes everything, and creates nothing twice", async () => {
        const core = current().world.kubeConfig.makeApiClient(CoreV1Api);
        const { url, credentials } = await stack.outputs();
        assert.equal((await call(url, { key: credentials["alice/k1"] })).status, 200);
        const secrets = await core.listNamespacedSecret({ namespace: stack.name });
        assert.deepEqual(
            secrets.items.map((s) => s.metadata!.name),
            ["alice.k1"],
        );
        succeeded(await stack.destroy());
    });
});

/** Asserts that a state with plain-text secrets contains nothing that Rampart writes into a graph. */
function assertNoStatus(state: string): void {
    // Leaves out the code of dynamic resources in the state, because it names fields of a graph's status.
    const text = JSON.stringify(JSON.parse(state), (key, value) => (key === "__provider" ? undefined : value));
    assert.match(text, /alpa-gateway-graph/);
    assert.doesNotMatch(text, /messages|componentNamespaces|GraphDeploymentError|canary|RAMPART_/);
}
