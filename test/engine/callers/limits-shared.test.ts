// Proves that a caller's limits apply to all gateway pods together. Proves how the gateway answers while the shared
// counters are down. The gateway and the counters are emulators.
import { strict as assert } from "node:assert";
import { AppsV1Api } from "@kubernetes/client-node";
import { call, current, eventually, succeeded, TestStack, useWorld, type Answer } from "../kit";

/** A limit whose window is longer than any test, so that only the number of requests counts. */
const requests = (count: number) => ({ requests: count, perSeconds: 3600 });
const caller = (name: string, limits: object) => ({ name, limits, credentials: [{ id: "a", method: "key" }] });

describe("limits over two gateway pods", () => {
    useWorld();
    let stack: TestStack;
    let url: string;
    let keys: Record<string, string>;

    async function configure(config: object): Promise<void> {
        stack.configure({ ...config });
        succeeded(await stack.up());
        ({ url, credentials: keys } = await stack.outputs());
    }
    const as = (who: string): Promise<Answer> => call(url, { key: keys[who] });
    const statuses = async (who: string, times: number) => {
        const list: number[] = [];
        for (let i = 0; i < times; i++) list.push((await as(who)).status);
        return list;
    };

    before(async () => {
        stack = await TestStack.create("shared");
    });
    after(async () => {
        succeeded(await stack.destroy());
    });

    const shared = (whenDown: string, consumers: object[]) => ({
        // Thirty times the default, because the counters need up to a second on a busy machine.
        gateway: { replicas: 2, sharedCounters: { whenDown } },
        consumers,
    });
    const counters = async (replicas: number) => {
        const api = current().world.kubeConfig.makeApiClient(AppsV1Api);
        const name = { name: "alpa-auth-counters", namespace: stack.name };
        await api.patchNamespacedDeploymentScale({
            ...name,
            body: [{ op: "replace", path: "/spec/replicas", value: replicas }],
        });
        await eventually("the counters", async () => {
            const { status } = await api.readNamespacedDeployment(name);
            return (status?.readyReplicas ?? 0) === replicas || undefined;
        });
    };

    it("count for both pods together", async () => {
        await configure(shared("refuse", [caller("alice", requests(6))]));
        assert.deepEqual(await statuses("alice/a", 8), [200, 200, 200, 200, 200, 200, 429, 429]);
    });

    /**
     * Sends a request with a key while the counters hang. The gateway waits for the counters until its timeout has passed.
     */
    const whileTheyHang = async () => {
        const { workloads } = current().world;
        workloads.hangCounters(true);
        const began = Date.now();
        const answer = await as("alice/a");
        const waited = Date.now() - began;
        workloads.hangCounters(false);
        return { status: answer.status, waited };
    };

    it("reject every caller with limits while the counters are down or hang, with whenDown: refuse", async () => {
        const { status, waited } = await whileTheyHang();
        assert.equal(status, 500);
        assert.ok(waited >= 3000 && waited < 60_000, `waited ${waited} ms, not the timeout of 3000 ms`);
        await counters(0);
        // After the pod of the counters is no longer ready, it still runs for a short time. Until it ends, the gateway
        // uses its open connection.
        const answer = await eventually("an answer without the counters", async () => {
            const one = await as("alice/a");
            return one.status === 429 ? undefined : one;
        });
        assert.equal(answer.status, 500);
        assert.equal(JSON.parse(answer.body).type, "error");
        assert.equal((await call(url, {})).status, 401, "authentication does not depend on the counters");
    });

    it("let every caller in while the counters are down or hang, with whenDown: allow", async () => {
        await counters(1);
        await configure(shared("allow", [caller("alice", requests(2))]));
        assert.deepEqual(await statuses("alice/a", 3), [200, 200, 429]);
        assert.equal((await whileTheyHang()).status, 200);
        assert.equal((await as("alice/a")).status, 429, "the gateway continues with the earlier counts");
        await counters(0);
        await eventually(
            "an answer without the counters",
            async () => (await as("alice/a")).status === 200 || undefined,
        );
        assert.deepEqual(await statuses("alice/a", 3), [200, 200, 200]);
        await counters(1);
        const counted = await eventually("a counted answer", async () => {
            const one = await as("alice/a");
            return one.headers.has("x-ratelimit-remaining") ? one : undefined;
        });
        assert.deepEqual(
            [counted.status, counted.headers.get("x-ratelimit-remaining")],
            [200, "1"],
            "a restart of the counters starts from zero",
        );
        assert.deepEqual(await statuses("alice/a", 2), [200, 429]);
    });
});
