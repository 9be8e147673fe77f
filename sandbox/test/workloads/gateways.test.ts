// Proves when gateways answer and with which keys, and what callers get when one stops, is killed or is cut off.
import assert from "node:assert/strict";
import type { V1Pod } from "@kubernetes/client-node";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../processes";
import { Gateways } from "../../workloads/gateways/services";
import type { Snapshot } from "../../workloads/cluster";
import { node, pod, type PodArgs, secret, service, snapshot } from "./kit";

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

describe("Gateways that end", () => {
    let gateways: Gateways;
    let nodePort: number;
    let alpa: Server;
    let asked: ServerResponse[];
    /** Called with each request that reaches Alpa. */
    let onAsked = () => {};
    const taken: string[] = [];
    let onTaken = () => {};
    const clock = { secondLasts: 1 };

    before(async () => {
        alpa = createServer((_, answer) => {
            asked.push(answer);
            onAsked();
        });
        alpa.listen(0, "127.0.0.1");
        await once(alpa, "listening");
    });
    after(() => {
        alpa.close();
        alpa.closeAllConnections();
    });
    beforeEach(async () => {
        asked = [];
        taken.length = 0;
        clock.secondLasts = 1;
        nodePort = await freePort();
        const ended = async ({ metadata }: V1Pod) => {
            taken.push(metadata!.uid!);
            onTaken();
        };
        gateways = new Gateways({ resolve: () => undefined, clock, ended, log: () => undefined });
    });
    afterEach(() => gateways.close());

    const gateway = (uid: string, args: Partial<PodArgs> = {}): PodArgs => ({
        image: APISIX,
        keysOf: "keys",
        uid,
        ...args,
    });
    const look = (pods: PodArgs[], local = false) => {
        const entry = service("gateway", APISIX, { port: 80, targetPort: 9080, nodePort });
        if (local) entry.spec!.externalTrafficPolicy = "Local";
        return gateways.reconcile(
            snapshot({
                nodes: [node("n1", "127.0.0.21"), node("n2", "127.0.0.22")],
                pods: pods.map((args) => pod(args)),
                secrets: [secret("keys", { admin: "first", viewer: "v" })],
                services: [entry, service("admin", APISIX, { port: 9180, targetPort: 9180 })],
            }),
        );
    };
    const admin = (method: string, body?: object) =>
        fetch(`${gateways.resolveAdmin({ namespace: "apisix", name: "admin", port: 9180 })}/apisix/admin/routes/r`, {
            method,
            headers: { "x-api-key": "first", connection: "close" },
            body: body && JSON.stringify(body),
        });
    const route = async () => {
        const nodes = { [`127.0.0.1:${(alpa.address() as AddressInfo).port}`]: 1 };
        const answer = await admin("PUT", { uri: "/*", upstream: { type: "roundrobin", nodes } });
        assert.ok(answer.ok, await answer.text());
    };
    /** Sends a request, and waits until Alpa has received it. */
    const slow = async (address = "127.0.0.1") => {
        const reached = new Promise<void>((resolve) => (onAsked = resolve));
        const answer = fetch(`http://${address}:${nodePort}/`, { headers: { connection: "close" } }).then(
            (r) => r.text(),
            (error: Error) => `lost: ${(error.cause as Error | undefined)?.message ?? error.message}`,
        );
        await Promise.race([reached, answer]);
        return { answer };
    };
    const answerAll = () => asked.splice(0).forEach((one) => one.end("done"));
    /**
     * Sends a request, and lets Alpa answer as soon as it has received the request.
     * @returns the answer, or the error if no answer arrives
     */
    const quick = async (address?: string) => {
        const { answer } = await slow(address);
        asked.pop()?.end("done");
        return answer;
    };
    const objectGone = () => new Promise<void>((resolve) => (onTaken = resolve));

    it("finish open requests after SIGQUIT and accept no new requests; then their pod is deleted", async () => {
        clock.secondLasts = 30;
        await look([gateway("one")]);
        await route();
        const { answer } = await slow();
        const gone = objectGone();
        await look([gateway("one", { deleted: true })]);
        assert.match(await quick(), /^lost/, "the nodes do not know yet, and there is no listener");
        assert.deepEqual([gateways.lost().refused, taken], [1, []]);
        answerAll();
        assert.equal(await answer, "done");
        await gone;
        assert.deepEqual(taken, ["one"]);
        assert.deepEqual(gateways.lost(), { cut: 0, refused: 1, unanswered: 0 });
    });

    for (const [why, end] of [
        ["killed", () => gateways.kill("one")],
        ["deleted by force", () => look([gateway("two")])],
    ] as const)
        it(`lose exactly the open requests of a gateway that is ${why}, and the requests that arrive before the nodes know`, async () => {
            // A second of the clock is so long that the nodes do not notice the end of pod `one` during the test.
            clock.secondLasts = 30;
            await look([gateway("one"), gateway("two")]);
            await route();
            const answers = [await slow(), await slow(), await slow(), await slow()];
            await end();
            const next = await Promise.all([quick(), quick()]);
            answerAll();
            const lost = [...(await Promise.all(answers.map(({ answer }) => answer))), ...next].filter((a) =>
                a.startsWith("lost"),
            );
            assert.deepEqual(gateways.lost(), { cut: 2, refused: 1, unanswered: 0 });
            assert.equal(lost.length, 3);
        });

    it("do not answer on a node that is cut off, nor from their pods there, until the node is back", async () => {
        clock.secondLasts = 0.01;
        const both = [gateway("one", { node: "n1" }), gateway("two", { node: "n2" })];
        await look(both);
        await route();
        const { answer } = await slow();
        const toOther = await slow();
        gateways.cutOff("n1");
        const toIt = fetch(`http://127.0.0.1:${nodePort}/`).catch(() => "reset");
        const atNode = fetch(`http://127.0.0.21:${nodePort}/`).catch(() => "reset");
        while (gateways.lost().unanswered < 3) await pause(1);
        answerAll();
        assert.equal(await toOther.answer, "done");
        // The cluster has marked the node Unknown.
        await look([gateway("one", { node: "n1", ready: false }), gateway("two", { node: "n2" })]);
        for (let i = 0; i < 3; i++) assert.equal(await quick(), "done");
        gateways.bringBack("n1");
        assert.match(await answer, /^lost/);
        assert.deepEqual(await Promise.all([toIt, atNode]), ["reset", "reset"]);
        assert.deepEqual(gateways.lost(), { cut: 0, refused: 0, unanswered: 3 });
        await look(both);
        for (let i = 0; i < 4; i++) assert.equal(await quick("127.0.0.21"), "done");
    });

    describe("and the three members of their etcd", () => {
        const args = ["--initial-cluster=etcd-0=http://a:2380,etcd-1=http://b:2380,etcd-2=http://c:2380"];
        const members = (count: number) =>
            [0, 1, 2].slice(0, count).map((i): PodArgs => ({ image: ETCD, uid: `etcd-${i}`, args }));

        it("write while two members run, and answer from memory while fewer run", async () => {
            await look([gateway("one"), ...members(3)]);
            await route();
            await look([gateway("one"), ...members(2)]);
            assert.equal((await admin("GET")).status, 200);
            await look([gateway("one"), ...members(1)]);
            const refused = await admin("GET");
            assert.equal(refused.status, 501);
            assert.match(await refused.text(), /etcd has no quorum/);
            assert.equal(await quick(), "done");
            await look([gateway("one")]);
            assert.equal((await admin("GET")).status, 501, "no member runs, but there were three");
            await look([gateway("one"), ...members(2)]);
            assert.equal((await admin("GET")).status, 200, "the route still exists");
        });
    });
});
