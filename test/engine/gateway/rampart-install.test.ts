// Proves that the stack installs Rampart from an operator's private chart. The credentials for the chart are in a
// Secret in the cluster. The stack never removes Rampart while graphs exist.
import { strict as assert } from "node:assert";
import { CoreV1Api, KubernetesObjectApi } from "@kubernetes/client-node";
import { call, current, eventually, failed, succeeded, TestStack, useWorld } from "../kit";

const consumers = [{ name: "alice", credentials: [{ id: "k1", method: "key" }] }];
const access = { username: "operator", password: "password-of-the-private-repository" };

describe("rampart.install", () => {
    useWorld(access);
    let stack: TestStack;
    const running = () => current().world.read("apps/v1", "Deployment", "rampart-system", "rampart");

    const withRampart = () => ({
        consumers,
        rampart: {
            install: {
                repository: current().world.privateRepository,
                version: "1.0.0",
                credentialsSecret: "chart-access",
            },
        },
    });

    it("when unset, rejects a cluster without Rampart, and the error names what is missing", async () => {
        const stack = await TestStack.create("bare", { consumers });
        const said = failed(await stack.preview());
        assert.match(said, /needs Rampart in the cluster/);
        assert.match(said, /rampartgraphs\.rampart\.petuum\.com/);
        assert.match(said, /Set rampart\.install/);
    });

    it("installs Rampart from the private chart, up to an authenticated completion", async () => {
        const { world } = current();
        stack = await TestStack.create("private", withRampart());
        assert.match(failed(await stack.preview()), /Namespace rampart-system does not exist/);
        const core = world.kubeConfig.makeApiClient(CoreV1Api);
        await core.createNamespace({ body: { metadata: { name: "rampart-system" } } });
        assert.match(failed(await stack.preview()), /Secret rampart-system\/chart-access does not exist/);
        const secret = { metadata: { name: "chart-access" }, stringData: access };
        await core.createNamespacedSecret({ namespace: "rampart-system", body: secret });
        const up = succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        assert.equal((await call(url, { key: credentials["alice/k1"] })).status, 200);

        const state = await stack.must(["stack", "export"]);
        for (const text of [up.stdout, state]) assert.ok(!text.includes(access.password));
    });

    it("when removed from the config, keeps Rampart while the stack's graph exists", async () => {
        stack.configure({ consumers });
        const said = failed(await stack.up());
        assert.match(said, /Rampart: must stay while graphs exist \(private\/gateway\)/);
        assert.match(said, /Set rampart\.install again/);
        assert.ok(await running(), "Rampart still runs");
        const { url, credentials } = await stack.outputs();
        assert.equal((await call(url, { key: credentials["alice/k1"] })).status, 200);
    });

    it("when set again, lets destroy remove the graph, but keeps Rampart while another owner's graph exists", async () => {
        const { world } = current();
        const objects = KubernetesObjectApi.makeApiClient(world.kubeConfig);
        // This graph is not deployed, but Rampart must run to delete it.
        const theirs = {
            apiVersion: "rampart.petuum.com/v1beta2",
            kind: "RampartGraph",
            metadata: { name: "theirs", namespace: "default" },
            spec: { deploy: false, graph: { flows: {}, components: {} } },
        };
        await objects.create(theirs);
        stack.configure(withRampart());
        succeeded(await stack.up());
        const said = failed(await stack.destroy());
        assert.match(said, /must stay while graphs exist \(default\/theirs\)/);
        assert.ok(await running(), "Rampart still runs");

        await objects.delete(theirs);
        const gone = async () =>
            (await world.read(theirs.apiVersion, theirs.kind, "default", "theirs")) ? undefined : true;
        await eventually("their graph gone", gone);
        succeeded(await stack.destroy());
        assert.equal(await running(), undefined);
        assert.deepEqual(await stack.resources(), []);
    });

    it("installs and removes Rampart with a stack that has the only graph", async () => {
        stack.configure(withRampart());
        succeeded(await stack.up());
        succeeded(await stack.destroy());
        assert.equal(await running(), undefined);
        assert.deepEqual(await stack.resources(), []);
    });
});
