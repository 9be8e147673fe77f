/** Proves when a gateway is there, and with which keys; what it answers is proved by its own tests. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { type ControlPlane } from "../../../../sandbox/control-plane";
import { freePort } from "../../../../sandbox/processes";
import { Gateways } from "../../../../sandbox/workloads/gateways";
import type { Snapshot } from "../../../../sandbox/workloads/cluster";
import { pod, secret, service, snapshot, writtenDown, type PodArgs } from "./kit";

const APISIX = "apache/apisix:3.18.0-ubuntu";
const ETCD = "docker.io/bitnamilegacy/etcd:3.6.4-debian-12-r3";

describe("Gateways of the sandbox", () => {
    let gateways: Gateways;
    let nodePort: number;
    let said: string[];
    beforeEach(async () => {
        said = [];
        nodePort = await freePort();
        gateways = new Gateways(writtenDown().cluster, {} as ControlPlane, (line) => said.push(line));
    });
    afterEach(() => gateways.close());

    function world(pods: PodArgs[], keys: Record<string, string> = { admin: "first", viewer: "v" }): Snapshot {
        return snapshot({
            pods: pods.map((args) => pod(args)),
            secrets: [secret("keys", keys)],
            services: [
                service("gateway", APISIX, { port: 80, targetPort: 9080, nodePort }),
                service("admin", APISIX, { port: 9180, targetPort: 9180 }),
            ],
        });
    }
    const one = (args: Partial<PodArgs> = {}): PodArgs => ({ image: APISIX, keysOf: "keys", uid: "one", ...args });
    const status = async (url: string, headers = {}) =>
        (await fetch(url, { headers: { ...headers, connection: "close" } })).status;
    const data = () => status(`http://127.0.0.1:${nodePort}/`);
    const admin = async (key: string) => {
        const url = gateways.resolveAdmin({ namespace: "apisix", name: "admin", port: 9180 });
        return url === undefined ? undefined : status(`${url}/apisix/admin/routes`, { "x-api-key": key });
    };

    it("answer on the node port of their Service while a pod is ready", async () => {
        await gateways.reconcile(world([one()]));
        assert.equal(await data(), 404);
        await gateways.reconcile(world([one({ ready: false })]));
        await assert.rejects(data(), "a node resets the connection when no pod is ready");
        await gateways.reconcile(world([]));
        await assert.rejects(data());
    });

    it("take the keys of the Secret their pod names", async () => {
        await gateways.reconcile(world([one()]));
        assert.equal(await admin("first"), 200);
        assert.equal(await admin("edd1c9f034335f136f87ad84b625c8f1"), 401);
    });

    it("have the well-known keys where no Secret is named", async () => {
        await gateways.reconcile(world([one({ keysOf: undefined })]));
        assert.equal(await admin("edd1c9f034335f136f87ad84b625c8f1"), 200);
    });

    it("keep the keys they were started with until their pods are replaced", async () => {
        const changed = { admin: "second", viewer: "v" };
        await gateways.reconcile(world([one()]));
        await gateways.reconcile(world([one()], changed));
        assert.deepEqual([await admin("first"), await admin("second")], [200, 401]);
        await gateways.reconcile(world([one(), one({ uid: "two", created: 60 })], changed));
        assert.deepEqual([await admin("first"), await admin("second")], [401, 200]);
    });

    it("keep their configuration while their pods restart, and lose it with etcd", async () => {
        const etcd = { image: ETCD, uid: "etcd" };
        const write = async () => {
            const url = gateways.resolveAdmin({ namespace: "apisix", name: "admin", port: 9180 });
            const upstream = { type: "roundrobin", nodes: { "127.0.0.1:1": 1 } };
            const answer = await fetch(`${url}/apisix/admin/routes/r`, {
                method: "PUT",
                headers: { "x-api-key": "first", connection: "close" },
                body: JSON.stringify({ uri: "/", upstream }),
            });
            assert.equal(answer.status, 201);
        };
        await gateways.reconcile(world([one(), etcd]));
        await write();
        await gateways.reconcile(world([etcd]));
        await gateways.reconcile(world([one({ uid: "two" }), etcd]));
        assert.equal(await data(), 502, "the route is still there");
        await gateways.reconcile(world([]));
        await gateways.reconcile(world([one({ uid: "three" }), etcd]));
        assert.equal(await data(), 404, "the route went with etcd");
    });

    it("have an Admin API only behind the right Service and port", async () => {
        await gateways.reconcile(world([one()]));
        assert.equal(gateways.resolveAdmin({ namespace: "apisix", name: "gateway", port: 80 }), undefined);
        assert.equal(gateways.resolveAdmin({ namespace: "apisix", name: "admin", port: 9181 }), undefined);
        assert.equal(gateways.resolveAdmin({ namespace: "other", name: "admin", port: 9180 }), undefined);
    });

    it("say once who holds their node port", async () => {
        const other = createServer();
        await new Promise<void>((resolve) => other.listen(nodePort, "127.0.0.1", resolve));
        assert.equal((other.address() as AddressInfo).port, nodePort);
        await gateways.reconcile(world([one()]));
        await gateways.reconcile(world([one()]));
        const lines = said.filter((line) => line.includes("is held by"));
        assert.equal(lines.length, 1);
        assert.match(
            lines[0],
            new RegExp(`Service apisix/gateway: node port ${nodePort} is held by .*\\(pid ${process.pid}\\)`),
        );
        await new Promise((resolve) => other.close(resolve));
        await gateways.reconcile(world([one()]));
        assert.equal(await data(), 404, "it is taken as soon as it is free");
    });
});
