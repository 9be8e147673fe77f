import { strict as assert } from "node:assert";
import { openCluster } from "../../../preflight/kubernetes/cluster";
import { fakeApi } from "../kit/fake-api";

describe("openCluster", () => {
    const services = {
        kind: "ServiceList",
        items: [
            { metadata: { namespace: "a", name: "inside" }, spec: { ports: [{ port: 80 }] } },
            {
                metadata: { namespace: "b", name: "outside" },
                spec: {
                    ports: [
                        { port: 80, nodePort: 30800 },
                        { port: 443, nodePort: 30801 },
                    ],
                },
            },
            { metadata: { namespace: "c", name: "headless" }, spec: {} },
        ],
    };
    const answers: Record<string, object> = {
        "/version": { major: "1", minor: "34" },
        "/api/v1/services": services,
        "/api/v1/namespaces/there": { kind: "Namespace", metadata: { name: "there", annotations: { a: "b" } } },
    };

    it("finds every port that a Service uses on the nodes", async () => {
        const api = await fakeApi((path) => answers[path]);
        assert.deepEqual(await openCluster(api).nodePorts(), [
            { namespace: "b", name: "outside", nodePort: 30800 },
            { namespace: "b", name: "outside", nodePort: 30801 },
        ]);
    });

    it("distinguishes existing objects from missing ones", async () => {
        const api = await fakeApi((path) => answers[path]);
        const cluster = openCluster(api);
        await cluster.version();
        const found = await cluster.read({ apiVersion: "v1", kind: "Namespace", name: "there" });
        assert.deepEqual(found?.metadata?.annotations, { a: "b" });
        assert.equal(await cluster.read({ apiVersion: "v1", kind: "Namespace", name: "gone" }), undefined);
        assert.equal(await cluster.read({ apiVersion: "none.example.org/v1", kind: "Thing", name: "a" }), undefined);
    });

    it("does not treat a failure as a missing object", async () => {
        const api = await fakeApi(() => 403);
        const cluster = openCluster(api);
        await assert.rejects(cluster.read({ apiVersion: "v1", kind: "Namespace", name: "a" }), /403/);
        await assert.rejects(cluster.nodePorts(), /403/);
    });

    it("names the server for messages, and rejects a context that does not exist", async () => {
        const api = await fakeApi(() => undefined);
        assert.match(openCluster(api).server, /^http:\/\/127\.0\.0\.1:\d+$/);
        assert.throws(() => openCluster({ ...api, context: "nowhere" }), /context nowhere/);
    });
});
