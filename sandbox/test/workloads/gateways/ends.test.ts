/**
 * Proves what callers of several gateways get when one of them stops, is killed or is cut off, and how requests are counted.
 */
import type { V1Pod } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../../processes";
import { Gateways } from "../../../workloads/gateways/services";
import { node, pod, secret, service, snapshot, type PodArgs } from "../kit";

const APISIX = "apache/apisix:3.18.0-ubuntu";
const ETCD = "gcr.io/etcd-development/etcd:v3.6.16";

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
