/** Proves when gateways exist, how many exist, and which Admin API keys and configuration each gateway uses. */
import assert from "node:assert/strict";
import { freePort } from "../../../processes";
import { Gateways } from "../../../workloads/gateways/services";
import type { Snapshot } from "../../../workloads/cluster";
import { pod, secret, service, snapshot, type PodArgs } from "../kit";

const APISIX = "apache/apisix:3.18.0-ubuntu";
const ETCD = "gcr.io/etcd-development/etcd:v3.6.16";

describe("Gateways of the sandbox", () => {
    let gateways: Gateways;
    let nodePort: number;
    const clock = { secondLasts: 0.001 };
    beforeEach(async () => {
        nodePort = await freePort();
        gateways = new Gateways({ resolve: () => undefined, clock, log: () => undefined });
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

    /** Writes the route through the Admin API of one pod. */
    const put = async (body: object) => {
        const url = gateways.resolveAdmin({ namespace: "apisix", name: "admin", port: 9180 });
        const answer = await fetch(`${url}/apisix/admin/routes/r`, {
            method: "PUT",
            headers: { "x-api-key": "first", connection: "close" },
            body: JSON.stringify(body),
        });
        assert.ok(answer.ok, await answer.text());
    };

    it("answer on the node port of their Service while a pod is ready", async () => {
        await gateways.reconcile(world([one()]));
        assert.equal(await data(), 404);
        await gateways.reconcile(world([one({ ready: false })]));
        await assert.rejects(data(), "a node resets the connection when no pod is ready");
        await gateways.reconcile(world([]));
        await assert.rejects(data());
    });

    it("keep the keys of their start until their pods are replaced", async () => {
        const changed = { admin: "second", viewer: "v" };
        await gateways.reconcile(world([one()]));
        await gateways.reconcile(world([one()], changed));
        assert.deepEqual([await admin("first"), await admin("second")], [200, 401]);
        await gateways.reconcile(world([one(), one({ uid: "two", created: 60 })], changed));
        assert.deepEqual([await admin("first"), await admin("second")], [401, 200]);
    });

    it("keep their configuration while their pods restart, and lose it with etcd", async () => {
        const etcd = { image: ETCD, uid: "etcd" };
        await gateways.reconcile(world([one(), etcd]));
        await put({ uri: "/", upstream: { type: "roundrobin", nodes: { "127.0.0.1:1": 1 } } });
        await gateways.reconcile(world([etcd]));
        await gateways.reconcile(world([one({ uid: "two" }), etcd]));
        assert.equal(await data(), 502, "the route still exists");
        await gateways.reconcile(world([]));
        await gateways.reconcile(world([one({ uid: "three" }), etcd]));
        assert.equal(await data(), 404, "the route was deleted with etcd");
    });

    describe("with an etcd that authenticates", () => {
        const etcd = { image: ETCD, uid: "etcd-0" };
        const asking = (uid: string, password?: string) =>
            one({ uid, created: Number(/\d+/.exec(uid)), env: password ? { APISIX_ETCD_PASSWORD: password } : {} });
        const admits = (password?: string) => gateways.admits(pod(asking("pod-9", password)), world([etcd]));
        /** Sets etcd's password like the product. */
        const setPassword = async (password: string) => {
            const url = `http://127.0.0.1:${gateways.podPort("apisix", "etcd-0", 2379)}/v3`;
            const call = (path: string, body: object) =>
                fetch(`${url}/${path}`, {
                    method: "POST",
                    body: JSON.stringify(body),
                    headers: { connection: "close" },
                });
            await call("auth/user/add", { name: "root", password });
            await call("auth/user/grant", { user: "root", role: "root" });
            assert.equal((await call("auth/enable", {})).status, 200);
        };

        it("start only with etcd's password, and only without a password while etcd has none", async () => {
            await gateways.reconcile(world([etcd]));
            assert.deepEqual([admits("secret"), admits()], [false, true]);
            await setPassword("secret");
            assert.deepEqual([admits("secret"), admits("other"), admits()], [true, false, false]);
        });
    });
});
