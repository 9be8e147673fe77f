/**
 * Proves that a highly available gateway is deployed to three nodes, and that a second run changes nothing. Proves that
 * a graceful shutdown of a pod or node loses no request. A crash loses only the requests that the emulated nodes count
 * as lost. Gateway, kubelet and kube-proxy are emulators; scheduling, disruption budgets, rollouts and endpoints are
 * Kubernetes' own.
 */
import { strict as assert } from "node:assert";
import { AppsV1Api, CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import { endAfterTest } from "../kit/leftovers";
import { SLOW_COMPLETION, startSlowAlpa, type SlowAlpa } from "../kit/slow-alpa";
import { ask, eventually, InterStack, nodes, succeeded, takeAlpaRequests, Traffic, useNodes } from "../kit/inter";

const key = (id: string) => ({ id, method: "key" });
const [FIRST, SECOND, THIRD] = ["gateway-01", "gateway-02", "gateway-03"];
const APISIX = "app.kubernetes.io/name=apisix";
const COUNTERS = "app.kubernetes.io/name=alpa-auth-counters";

describe("inter, highly available, on the engine", () => {
    useNodes();
    let stack: InterStack;
    let url: string;
    let keys: Record<string, string>;
    let core: CoreV1Api;
    let apps: AppsV1Api;
    let slow: SlowAlpa;
    const consumers = [
        { name: "alice", limits: { requests: 6, perSeconds: 3600 }, credentials: [key("a")] },
        // Caller without limits: its requests do not depend on the counters.
        { name: "bob", credentials: [key("b")] },
        // Caller far below its limits. Its requests fail only if the gateway cannot count them.
        { name: "carol", limits: { requests: 10_000, perSeconds: 3600, concurrent: 100 }, credentials: [key("c")] },
    ];

    before(async () => {
        const { kubeConfig } = nodes().world;
        core = kubeConfig.makeApiClient(CoreV1Api);
        apps = kubeConfig.makeApiClient(AppsV1Api);
        stack = await InterStack.create("inter", { consumers });
        succeeded(await stack.upAsPlanned());
        ({ url, credentials: keys } = await stack.outputs());
    });

    /** Namespace that APISIX was installed into. */
    const home = async () => {
        const { items } = await core.listPodForAllNamespaces({ labelSelector: APISIX });
        return items[0].metadata!.namespace!;
    };
    const alive = (pod: V1Pod) => !pod.metadata!.deletionTimestamp;
    const ready = (pod: V1Pod) =>
        // A pod that is not scheduled yet has no conditions.
        alive(pod) && !!pod.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True");
    const pods = async (labelSelector: string) =>
        (await core.listPodForAllNamespaces({ labelSelector })).items.filter(alive);
    const readyGateways = (count: number) =>
        eventually(`${count} gateways`, async () => {
            const found = (await pods(APISIX)).filter(ready);
            return found.length === count ? found : undefined;
        });
    const placesOf = (list: V1Pod[]) => list.map((pod) => pod.spec!.nodeName!).sort();
    const machines = () => nodes().world.workloads.nodes;

    it("changes nothing in a second run, and shows no secret", async () => {
        const { stdout, stderr } = succeeded(await stack.preview("--diff", "--expect-no-changes"));
        for (const secret of Object.values(keys))
            assert.ok(!`${stdout}${stderr}`.includes(secret), "a preview shows a key");
    });

    it("has a gateway and a member of etcd on each of the three nodes, and answers on each", async () => {
        assert.deepEqual(placesOf(await readyGateways(3)), [FIRST, SECOND, THIRD]);
        assert.deepEqual(placesOf(await pods("app.kubernetes.io/name=etcd")), [FIRST, SECOND, THIRD]);
        for (const { status } of (await core.listNode()).items) {
            const { address } = status!.addresses!.find(({ type }) => type === "InternalIP")!;
            assert.equal(await ask(url.replace("127.0.0.1", address), keys["bob/b"]), 200);
        }
    });

    it("counts limits once across all gateways", async () => {
        const answers = await Promise.all(Array.from({ length: 9 }, () => ask(url, keys["alice/a"])));
        assert.deepEqual(answers.sort(), [200, 200, 200, 200, 200, 200, 429, 429, 429]);
    });

    it("sends completions to both services, and all logprobs requests of a caller to one service", async () => {
        takeAlpaRequests();
        const scoring = { model: "default", prompt: "Paris is", top_k: 5 };
        await Promise.all([
            ...Array.from({ length: 6 }, () => ask(url, keys["bob/b"])),
            ...Array.from({ length: 6 }, () => ask(url, keys["bob/b"], "/logprobs", scoring)),
        ]);
        const seen = takeAlpaRequests();
        const servicesOf = (path: string) => new Set(seen.filter((s) => s.path === path).map((s) => s.address)).size;
        assert.equal(servicesOf("/completions"), 2);
        assert.equal(servicesOf("/logprobs"), 1);
    });

    it("loses no request when its gateways restart", async () => {
        const traffic = new Traffic(url, keys["bob/b"]);
        await traffic.underWay(3);
        const before = (await pods(APISIX)).map((pod) => pod.metadata!.uid);
        await apps.patchNamespacedDeployment({
            name: "apisix",
            namespace: await home(),
            body: [
                {
                    op: "add",
                    path: "/spec/template/metadata/annotations/restarted",
                    value: new Date().toISOString(),
                },
            ],
        });
        await eventually("new gateways", async () => {
            const now = await pods(APISIX);
            return (now.length === 3 && now.every((p) => ready(p) && !before.includes(p.metadata!.uid))) || undefined;
        });
        const { all, failed } = await traffic.end();
        assert.deepEqual(failed, [], `of ${all}`);
    });

    it("allows to drain only one node at a time, and loses no request", async () => {
        const traffic = new Traffic(url, keys["bob/b"]);
        await traffic.underWay(3);
        await machines().drain(FIRST, { seconds: 300 });
        const second = machines().drain(SECOND, { seconds: 300 });
        // While the first node is drained, its etcd member cannot be scheduled. The disruption budget then forbids
        // the eviction of the member on the second node.
        await eventually("the second node empty but for etcd", async () => {
            const left = (await core.listPodForAllNamespaces({ fieldSelector: `spec.nodeName=${SECOND}` })).items;
            return (left.length === 1 && left[0].metadata!.name!.includes("etcd")) || undefined;
        });
        assert.equal((await readyGateways(3)).length, 3);
        await machines().cordon(FIRST, false);
        assert.ok((await second).refused > 0, "evictions refused");
        await machines().cordon(SECOND, false);
        const { all, failed } = await traffic.end();
        assert.deepEqual(failed, [], `of ${all}`);
        await eventually("etcd whole again", async () => {
            const members = (await pods("app.kubernetes.io/name=etcd")).filter(ready);
            return members.length === 3 || undefined;
        });
    });

    it("loses the open requests of a killed gateway, and exactly as many requests as its node counts", async () => {
        const before = nodes().world.workloads.lost();
        const traffic = new Traffic(url, keys["bob/b"]);
        await traffic.underWay(4);
        const [victim] = await readyGateways(3);
        await machines().killPod(victim.metadata!.namespace!, victim.metadata!.name!);
        await readyGateways(3);
        await traffic.sent(15);
        const { all, failed } = await traffic.end();
        const lost = nodes().world.workloads.lost();
        assert.equal(
            failed.length,
            lost.cut - before.cut + lost.refused - before.refused,
            `of ${all}: ${failed.join()}`,
        );
        assert.ok(failed.length > 0 && failed.length < all / 2, `${failed.length} of ${all}`);
        console.log(`      ${failed.length} of ${all} requests were lost`);
    });

    it("continues without the counters' node: only requests sent there until the cluster notices are lost", async () => {
        const before = nodes().world.workloads.lost();
        const [counters] = await pods(COUNTERS);
        const node = counters.spec!.nodeName!;
        const traffic = new Traffic(url, keys["carol/c"]);
        await traffic.underWay(3);
        await machines().cutOff(node);
        const givenUp = Date.now();
        await eventually("a node that is Unknown", async () => {
            const { status, spec } = await core.readNode({ name: node });
            const unknown = status!.conditions!.find((c) => c.type === "Ready")?.status === "Unknown";
            return (unknown && spec!.taints?.some((t) => t.key === "node.kubernetes.io/unreachable")) || undefined;
        });
        const [another] = await eventually("counters on another node", async () => {
            const found = (await pods(COUNTERS)).filter(ready);
            return found.length === 1 && found[0].spec!.nodeName !== node ? found : undefined;
        });
        const moved = Date.now();
        assert.notEqual(another.metadata!.uid, counters.metadata!.uid);
        const without = new Traffic(url, keys["carol/c"]);
        await without.underWay(3);
        const { failed: failedLater } = await without.end();
        assert.deepEqual(failedLater, [], "no request fails after the cluster has given up the node");
        const counted = await Promise.all(Array.from({ length: 9 }, () => ask(url, keys["alice/a"])));
        assert.deepEqual(
            counted.sort(),
            [200, 200, 200, 200, 200, 200, 429, 429, 429],
            "counted for all pods, from zero",
        );
        // Some pods cannot run while the node is lost. They recover when the node is back.
        await machines().bringBack(node);
        const { all, failed } = await traffic.end();
        const lost = nodes().world.workloads.lost();
        assert.equal(failed.length, lost.unanswered - before.unanswered, `of ${all}: ${failed.join()}`);
        console.log(`      ${failed.length} of ${all} requests were lost`);
        const seconds = (to: number, from: number) => Math.round((to - from) / 100) / 10;
        const moving = seconds(moved, givenUp);
        console.log(`      counted together again ${moving} s after the cluster had given up the node`);
        await readyGateways(3);
    });

    it("still configures the gateway after the leading ingress controller is killed", async () => {
        const { workloads } = nodes().world;
        // If the leader ran on the stopped node, another controller leads once the Lease has expired.
        const [leader] = await eventually("one that leads", async () => {
            const found = workloads.leaders();
            return found.length === 1 ? found : undefined;
        });
        const controllers = await pods("app.kubernetes.io/name=ingress-controller");
        assert.equal(controllers.length, 2);
        const { name, namespace } = controllers.find((pod) => pod.metadata!.uid === leader)!.metadata!;
        await machines().killPod(namespace!, name!);
        const more = [consumers[0], { ...consumers[1], credentials: [key("b"), key("c")] }, consumers[2]];
        slow = await startSlowAlpa();
        stack.configure({ consumers: more, alpa: { endpoints: [slow.address] } });
        const traffic = new Traffic(url, keys["bob/b"]);
        succeeded(await stack.up());
        ({ credentials: keys } = await stack.outputs());
        const { all, failed } = await traffic.end();
        assert.deepEqual(failed, [], `of ${all}`);
        assert.equal(await ask(url, keys["bob/c"]), 200);
        assert.notEqual(workloads.leaders()[0], leader);
    });

    it("is destroyed after its last open request has its answer, and leaves nothing", async () => {
        endAfterTest(() => void slow.close());
        const open = ask(url, keys["bob/b"], "/completions", JSON.parse(SLOW_COMPLETION) as object);
        await eventually("an open request", async () => slow.underWay() === 1 || undefined);
        const namespace = await home();
        const destroyed = stack.destroy();
        await eventually("only the pod with the open request", async () => {
            const { items } = await core.listNamespacedPod({ namespace, labelSelector: APISIX });
            return (items.length === 1 && !alive(items[0])) || undefined;
        });
        // Kubernetes looks late at a namespace whose deletion has met a pod with a long grace period.
        assert.equal((await core.readNamespace({ name: namespace })).status!.phase, "Active");
        slow.release();
        assert.equal(await open, 200);
        await eventually("the deletion of the namespace", async () => {
            const phase = await core.readNamespace({ name: namespace }).then(
                ({ status }) => status!.phase,
                () => "gone",
            );
            if (phase === "Active") return undefined;
            assert.deepEqual((await core.listNamespacedPod({ namespace, labelSelector: APISIX })).items, []);
            return true;
        });
        succeeded(await destroyed);
        assert.deepEqual(await stack.resources(), []);
        assert.deepEqual((await core.listPodForAllNamespaces({ labelSelector: APISIX })).items, []);
    });
});
