/** Proves how a gateway and its Admin API behave after etcd has lost its data. */
import assert from "node:assert/strict";
import { Configuration } from "../../gateway/objects/configuration";
import { startGateway, type Gateway } from "../../gateway/server";

const FOLDERS = ["routes", "services", "upstreams", "consumers", "ssls", "plugin_configs", "global_rules"];
const EXIT = { "fault-injection": { abort: { http_status: 204 } } };
const ROUTE = { uri: "/x", plugins: EXIT, upstream: { type: "roundrobin", nodes: { "127.0.0.1:1": 1 } } };

describe("Gateway whose etcd", () => {
    const gateways: Gateway[] = [];
    let configuration: Configuration;
    const start = async () => {
        const options = { port: 0, adminPort: 0, adminKey: "k", configuration: configuration.current() };
        const gateway = await startGateway(options);
        gateways.push(gateway);
        return gateway;
    };
    const admin = async ({ adminPort }: Gateway, method: string, path: string, body?: object) => {
        const answer = await fetch(`http://127.0.0.1:${adminPort}/apisix/admin/${path}`, {
            method,
            headers: { "X-API-KEY": "k" },
            body: body && JSON.stringify(body),
        });
        return { status: answer.status, body: await answer.json() };
    };
    const asked = async ({ port }: Gateway) => (await fetch(`http://127.0.0.1:${port}/x`)).status;

    beforeEach(() => (configuration = new Configuration()));
    afterEach(async () => {
        await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
    });

    it("restarted without data keeps answering, and lists nothing until another gateway starts", async () => {
        const before = await start();
        await admin(before, "PUT", "routes/r", ROUTE);
        assert.equal(await asked(before), 204);
        configuration.lose();
        assert.equal(await asked(before), 204);
        for (const folder of FOLDERS) {
            const { status, body } = await admin(before, "GET", folder);
            assert.deepEqual([folder, status, body], [folder, 404, { message: "Key not found" }]);
        }
        assert.equal((await admin(before, "GET", "routes/r")).status, 404);

        const after = await start();
        assert.equal(await asked(after), 404);
        assert.deepEqual(await admin(before, "GET", "routes"), { status: 200, body: { total: 0, list: [] } });
        await admin(before, "PUT", "routes/other", { ...ROUTE, uri: "/x" });
        assert.equal(await asked(after), 204);
    });

    it("restarted without data ignores what is written to etcd afterwards", async () => {
        const before = await start();
        await admin(before, "PUT", "routes/r", ROUTE);
        configuration.lose();
        await admin(before, "PUT", "routes/y", { ...ROUTE, uri: "/y" });
        assert.equal((await fetch(`http://127.0.0.1:${before.port}/y`)).status, 404);
        assert.equal((await admin(before, "GET", "routes")).body.total, 1, "a prefix exists with its first object");
    });
});
