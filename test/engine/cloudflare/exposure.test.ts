// Proves that a gateway behind a Cloudflare Tunnel is created, serves, changes its connectors and is destroyed. The sandbox
// stores network policies but does not enforce them.
import { strict as assert } from "node:assert";
import { AppsV1Api, CoreV1Api } from "@kubernetes/client-node";
import { SAMPLE_COMPLETION } from "../../../components/alpa/sample";
import { freePortFrom } from "../../../sandbox/processes";
import {
    eventually,
    ExposedStack,
    here,
    succeeded,
    takeAlpaRequests,
    useExposure,
} from "../kit/cloudflare/exposed-stack";
import { under } from "../kit/traffic";

const consumers = [{ name: "alice", credentials: [{ id: "k1", method: "key" }] }];

/** A completion requested at an address of the nodes. */
async function call(url: string, apikey: string, headers: Record<string, string> = {}): Promise<number> {
    const answer = await fetch(`${url}/completions`, {
        method: "POST",
        headers: { "Content-Type": "application/json", apikey, Connection: "close", ...headers },
        body: SAMPLE_COMPLETION,
    });
    await answer.arrayBuffer();
    return answer.status;
}

describe("exposure tunnel", () => {
    useExposure();
    let stack: ExposedStack;
    let apikey: string;

    let port: number;
    const byPort = () => call(`http://127.0.0.1:${port}/alpa`, apikey);
    const byName = async () => (await stack.call("/alpa/completions", { apikey })).status;
    /** Runs `up` while callers send requests through this exposure. Asserts that no request fails. */
    const upUnder = async (way: () => Promise<number>, callers?: number) => {
        const { failed } = await under(way, async () => succeeded(await stack.up()), callers);
        assert.deepEqual(failed, []);
    };
    const both = () => stack.configure({ consumers, gateway: { nodePort: port } });

    const connectors = async () => {
        const core = here().world.kubeConfig.makeApiClient(CoreV1Api);
        const labelSelector = "app.kubernetes.io/name=alpa-auth-cloudflared";
        return (await core.listNamespacedPod({ namespace: stack.name, labelSelector })).items;
    };

    it("is created as its plan says, and routes a caller with a key through the tunnel to Alpa", async () => {
        stack = await ExposedStack.create("exposed", { consumers });
        succeeded(await stack.upAsPlanned());
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

    it("rejects a request without a key with 401 at the gateway, and answers 404 on other paths", async () => {
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

    it("changes nothing in a second run", async () => {
        succeeded(await stack.preview("--expect-no-changes"));
    });

    it("changes its connectors without a failed request", async () => {
        const before = (await connectors()).map((pod) => pod.metadata!.uid);
        assert.equal(before.length, 2);
        stack.configure({ consumers, tunnel: { image: "docker.io/cloudflare/cloudflared:2026.8.2" } });
        // Four callers, because Alpa answers four requests in one batch, and needs a second for each batch.
        await upUnder(byName, 4);
        const after = (await connectors()).map((pod) => pod.metadata!.uid);
        assert.ok(!after.some((uid) => before.includes(uid)), "the pods are the same");
    });

    it("opens the port without a failed request by the tunnel", async () => {
        port = await freePortFrom(31200);
        both();
        await upUnder(byName);
        await eventually("the port", async () => ((await byPort().catch(() => 0)) === 200 ? true : undefined));
    });
    it("ignores the client address that a caller of the port claims", async () => {
        takeAlpaRequests();
        const forged = { "X-Forwarded-For": "203.0.113.9", "CF-Connecting-IP": "203.0.113.9" };
        assert.equal(await call(`http://127.0.0.1:${port}/alpa`, apikey, forged), 200);
        const [{ headers }] = takeAlpaRequests();
        assert.ok(!JSON.stringify(headers).includes("203.0.113.9"), JSON.stringify(headers));
    });
    it("closes the tunnel without a failed request by the port, and deletes it", async () => {
        stack.configureAzure({ consumers, gateway: { nodePort: port, address: "127.0.0.1" } });
        await upUnder(byPort);
        assert.ok([...here().account.tunnels.values()].every((tunnel) => tunnel.deleted_at));
        assert.deepEqual(await connectors(), []);
    });
    it("opens a tunnel without a failed request by the port", async () => {
        both();
        await upUnder(byPort);
        assert.equal(await byName(), 200);
    });
    it("closes the port without a failed request by the tunnel", async () => {
        stack.configure({ consumers });
        await upUnder(byName);
        await eventually("the port closed", async () => ((await byPort().catch(() => 0)) === 0 ? true : undefined));
    });

    it("shows its token in no object but the Secret", async () => {
        const { world, account } = here();
        const apps = world.kubeConfig.makeApiClient(AppsV1Api);
        const deployment = await apps.readNamespacedDeployment({
            name: "alpa-auth-cloudflared",
            namespace: stack.name,
        });
        const [tunnel] = [...account.tunnels.values()].filter((one) => !one.deleted_at);
        const text = JSON.stringify([deployment, await connectors()]);
        const token = Buffer.from(JSON.stringify({ a: account.id, t: tunnel.id, s: tunnel.secret })).toString("base64");
        assert.ok(!text.includes(token) && !text.includes(tunnel.secret));
        const { stdout } = succeeded(await stack.run(["stack", "export"]));
        assert.ok(!stdout.includes(token));
    });

    it("leaves nothing behind: connectors stop before their tunnel is deleted", async () => {
        succeeded(await stack.destroy());
        const { account, world } = here();
        assert.ok([...account.tunnels.values()].every((tunnel) => tunnel.deleted_at));
        assert.equal(await world.read("v1", "Namespace", undefined, stack.name), undefined);
    });
});
