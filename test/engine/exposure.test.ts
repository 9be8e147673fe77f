// Proves that a gateway behind Cloudflare comes up, serves, changes its connectors and goes. Network policies are written
// and not enforced in the sandbox.
import { strict as assert } from "node:assert";
import { AppsV1Api, CoreV1Api } from "@kubernetes/client-node";
import { ExposedStack, here, succeeded, takeAlpaRequests, useExposure } from "./exposure-kit";

const consumers = [{ name: "alice", credentials: [{ id: "k1", method: "key" }] }];

describe("exposure cloudflare", function () {
    this.timeout(240_000);
    useExposure();
    let stack: ExposedStack;
    let apikey: string;

    const connectors = async () => {
        const core = here().world.kubeConfig.makeApiClient(CoreV1Api);
        const labelSelector = "app.kubernetes.io/name=alpa-auth-cloudflared";
        return (await core.listNamespacedPod({ namespace: stack.name, labelSelector })).items;
    };

    it("leads a caller with a key through the tunnel to Alpa", async () => {
        stack = await ExposedStack.create("exposed", { consumers });
        succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        assert.equal(url, `https://${stack.hostname}/alpa`);
        apikey = credentials["alice/k1"];
        takeAlpaRequests();
        const answer = await stack.call("/alpa/completions", { apikey });
        assert.equal(answer.status, 200, answer.body);
        const [seen] = takeAlpaRequests();
        const names = seen.headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
        for (const header of ["apikey", "cf-connecting-ip"]) assert.ok(!names.includes(header), header);
    });

    it("is asked for a key by the gateway, and leads nowhere else", async () => {
        const stranger = await stack.call("/alpa/completions");
        assert.equal(stranger.status, 401);
        assert.equal(JSON.parse(stranger.body).type, "error");
        for (const path of ["/", "/alpa/other", "/completions", "/apisix/admin/routes", "/alpa/completions/"])
            assert.equal((await stack.call(path, { apikey })).status, 404, path);
        assert.deepEqual(takeAlpaRequests(), []);
    });

    it("opens no port on the nodes", async () => {
        const core = here().world.kubeConfig.makeApiClient(CoreV1Api);
        const namespace = `${stack.name}-gateway-apisix`;
        const { spec } = await core.readNamespacedService({ name: "apisix-gateway", namespace });
        assert.equal(spec!.type, "ClusterIP");
        assert.ok(spec!.ports!.every(({ nodePort }) => nodePort === undefined));
    });

    it("has nothing to change at once", async () => {
        succeeded(await stack.preview("--expect-no-changes"));
    });

    it("changes its connectors without a failed request", async () => {
        const before = (await connectors()).map((pod) => pod.metadata!.uid);
        assert.equal(before.length, 2);
        stack.configure({ consumers, tunnel: { version: "2026.8.2", graceSeconds: 150 } });
        let over = false;
        const statuses: number[] = [];
        // Four callers: Alpa takes a second for each batch of four.
        const traffic = Promise.all(
            [1, 2, 3, 4].map(async () => {
                while (!over) statuses.push((await stack.call("/alpa/completions", { apikey })).status);
            }),
        );
        const up = await stack.up();
        over = true;
        await traffic;
        succeeded(up);
        const after = (await connectors()).map((pod) => pod.metadata!.uid);
        assert.ok(!after.some((uid) => before.includes(uid)), "the pods are the same");
        assert.ok(statuses.length > 10);
        assert.deepEqual(
            statuses.filter((status) => status !== 200),
            [],
        );
    });

    it("shows its token in no object but the Secret", async () => {
        const { world, account } = here();
        const apps = world.kubeConfig.makeApiClient(AppsV1Api);
        const deployment = await apps.readNamespacedDeployment({
            name: "alpa-auth-cloudflared",
            namespace: stack.name,
        });
        const [tunnel] = [...account.tunnels.values()];
        const text = JSON.stringify([deployment, await connectors()]);
        const token = Buffer.from(JSON.stringify({ a: account.id, t: tunnel.id, s: tunnel.secret })).toString("base64");
        assert.ok(!text.includes(token) && !text.includes(tunnel.secret));
        const { stdout } = succeeded(await stack.run(["stack", "export"]));
        assert.ok(!stdout.includes(token));
    });

    it("leaves nothing behind: connectors go before their tunnel", async () => {
        succeeded(await stack.destroy());
        const { account, world } = here();
        assert.ok([...account.tunnels.values()].every((tunnel) => tunnel.deleted_at));
        assert.equal(await world.read("v1", "Namespace", undefined, stack.name), undefined);
    });
});
