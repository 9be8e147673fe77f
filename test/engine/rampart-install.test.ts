// Proves that Rampart itself comes from an operator's private chart, with its credentials from a Secret in the cluster.
import { strict as assert } from "node:assert";
import { CoreV1Api } from "@kubernetes/client-node";
import { call, current, failed, succeeded, TestStack, useWorld } from "./kit";

const consumers = [{ name: "alice", credentials: [{ id: "k1", method: "key" }] }];
const access = { username: "operator", password: "password-of-the-private-repository" };

describe("rampart.install", function () {
    this.timeout(240_000);
    useWorld(access);

    it("without it, a cluster that has no Rampart is refused, naming what is missing", async () => {
        const stack = await TestStack.create("bare", { consumers });
        const said = failed(await stack.preview());
        assert.match(said, /needs Rampart in the cluster/);
        assert.match(said, /rampartgraphs\.rampart\.petuum\.com/);
        assert.match(said, /Set rampart\.install/);
    });

    it("installs it from the private chart, and goes on to an authenticated completion", async () => {
        const { world } = current();
        const install = {
            repository: world.privateRepository,
            version: "1.0.0",
            namespace: "rampart",
            credentialsSecret: "chart-access",
        };
        const stack = await TestStack.create("private", { consumers, rampart: { install } });
        assert.match(failed(await stack.preview()), /Secret rampart\/chart-access must exist/);

        const core = world.kubeConfig.makeApiClient(CoreV1Api);
        await core.createNamespace({ body: { metadata: { name: "rampart" } } });
        const secret = { metadata: { name: "chart-access" }, stringData: access };
        await core.createNamespacedSecret({ namespace: "rampart", body: secret });
        const up = succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        assert.equal((await call(url, { key: credentials["alice/k1"] })).status, 200);

        const state = await stack.must(["stack", "export"]);
        for (const text of [up.stdout, state]) assert.ok(!text.includes(access.password));
        succeeded(await stack.destroy());
        assert.equal(await world.read("apps/v1", "Deployment", "rampart", "rampart"), undefined);
    });
});
