// Proves when the stored provider judges that every node has the image and the weights, and that it reports why a node
// does not have them. The API server is a fake.
import { strict as assert } from "node:assert";
import { Awaited } from "../../../../components/kubernetes/awaited";
import { judge, type Observed, type Until } from "../../../../components/kubernetes/readiness";
import { one, record } from "../../../kit";
import { fakeApi, type FakeApi } from "../../kit/fake-api";
import { load, storedText } from "./stored";

const status = (more: object = {}) => ({
    ...{ observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberReady: 2 },
    ...more,
});
const set = (more: object = {}) => ({ kind: "DaemonSet", metadata: { generation: 2 }, status: status(more) });

const UNTIL: Until = { kind: "images", nodes: 2 };

describe("images on the nodes", () => {
    const cases: [what: string, more: object | undefined, why?: string][] = [
        ["a pod ready on each", {}],
        ["no DaemonSet", undefined, "it does not exist"],
        ["an older generation", { observedGeneration: 1 }, "its controller has not processed it"],
        ["a node that accepts none", { desiredNumberScheduled: 1, numberReady: 1 }, "1 of 2 nodes accept a pod of it"],
        ["a pod that is not ready", { numberReady: 1 }, "1 of 2 pods are ready"],
        ["a pod of an older image", { updatedNumberScheduled: 0 }, "0 of 2 pods are ready"],
    ];
    for (const [what, more, why] of cases)
        it(`${what}: ${why ?? "ready"}`, () =>
            assert.deepEqual(
                judge(UNTIL, more && set(more)),
                why === undefined ? { state: "ready" } : { state: "waiting", why },
            ));
});

describe("Awaited images", () => {
    const object = { apiVersion: "apps/v1", kind: "DaemonSet", namespace: "a", name: "alpa-opt-images" };
    const args = { object, until: UNTIL, generation: 2, timeoutSeconds: 2 };
    let api: FakeApi;
    let text: string;
    before(async () => {
        const made = await record(() => new Awaited("wait", { cluster: {}, ...args }, {}));
        text = storedText(one(made, "pulumi-nodejs:dynamic/alpa-auth:Awaited"));
    });
    const open = async (object: object, pods: object[] = [], events: object[] = []) => {
        const list = (kind: string, items: object[]) => ({ kind: `${kind}List`, apiVersion: "v1", items });
        const answers: Record<string, object> = {
            "/apis/apps/v1/namespaces/a/daemonsets/alpa-opt-images": object,
            "/api/v1/namespaces/a/pods": list("Pod", pods),
            "/api/v1/namespaces/a/events": list("Event", events),
        };
        api = await fakeApi((path) => answers[path]);
        return { provider: load(text), inputs: { ...args, kubeconfig: api.kubeconfig, __provider: text } };
    };
    const pod = (name: string, container: object, of = "alpa-opt-images") => ({
        metadata: { name, namespace: "a", uid: name, labels: { "app.kubernetes.io/name": of } },
        status: { containerStatuses: [{ name: "image", ...container }] },
    });
    const creating = { state: { waiting: { reason: "ContainerCreating" } } };

    it("ends when every node has image and weights", async () => {
        const { provider, inputs } = await open(set());
        assert.equal((await provider.create!(inputs)).id, "DaemonSet a/alpa-opt-images");
    });

    it("reports the kubelet's message about a pod of the component, and about no other pod", async () => {
        const message = "MountVolume.SetUp failed: hostPath type check failed: /data is not a directory";
        const event = (uid: string) => ({
            ...{ type: "Warning", reason: "FailedMount", message, lastTimestamp: "2026-11-30T12:00:00Z" },
            involvedObject: { uid },
        });
        const pods = [pod("other", creating, "other"), pod("one", creating)];
        const { provider, inputs } = await open(set({ numberReady: 0 }), pods, [event("other"), event("one")]);
        await assert.rejects(provider.create!(inputs), {
            message: `DaemonSet a/alpa-opt-images: pod one: FailedMount: ${message}. Look: kubectl -n a describe pods -l app.kubernetes.io/name=alpa-opt-images; kubectl -n a describe daemonset alpa-opt-images`,
        });
    });

    it("reports that a running pod finds no weights", async () => {
        const pods = [pod("one", { ready: false, state: { running: {} } })];
        const { provider, inputs } = await open(set({ numberReady: 1 }), pods);
        await assert.rejects(provider.create!(inputs), {
            message: /not ready after 2 s \(pod one: its folder of weights is empty, or cannot be read\)/,
        });
    });

    it("waits again for another image or more nodes, and not for another timeout", async () => {
        const { provider, inputs } = await open(set());
        const diff = async (more: object) => (await provider.diff!("id", inputs, { ...inputs, ...more })).changes;
        assert.equal(await diff({ timeoutSeconds: 9 }), false);
        assert.equal(await diff({ generation: 3 }), true);
        assert.equal(await diff({ until: { ...UNTIL, nodes: 3 } }), true);
    });
});

const TYPE = "pulumi-nodejs:dynamic/alpa-auth:Awaited";
const RUNNING: Until = { kind: "ray", running: true };
const SUSPENDED: Until = { kind: "ray", running: false };
const conditions = (states: Record<string, string>) =>
    Object.entries(states).map(([type, status]) => ({ type, status, reason: "Why", message: "what" }));
const cluster = (states: Record<string, string>, more: object = {}, generation = 2): Observed => ({
    metadata: { generation },
    status: {
        observedGeneration: 2,
        conditions: conditions(states),
        readyWorkerReplicas: 1,
        desiredWorkerReplicas: 1,
        ...more,
    },
});
const UP = { HeadPodReady: "True", RayClusterProvisioned: "True" };

describe("RayCluster readiness", () => {
    const running: [what: string, object: Observed | undefined, state: string, why?: RegExp][] = [
        ["a RayCluster with all pods ready", cluster(UP), "ready"],
        ["a RayCluster that does not exist", undefined, "waiting", /does not exist/],
        ["a RayCluster of an older generation", cluster(UP, {}, 3), "waiting", /has not processed it/],
        ["a RayCluster without a status", { metadata: { generation: 1 } }, "waiting", /has not processed it/],
        [
            "a head whose model is not loaded",
            cluster({ ...UP, HeadPodReady: "False" }),
            "waiting",
            /^head not ready \(Why: what\)/,
        ],
        ["a worker that is down", cluster(UP, { readyWorkerReplicas: 0 }), "waiting", /0 of 1 workers/],
        ["a RayCluster that was never complete", cluster({ HeadPodReady: "True" }), "waiting", /not provisioned/],
        ["pods that cannot be created", cluster({ ...UP, ReplicaFailure: "True" }), "failed", /^Why: what\.$/],
    ];
    for (const [what, object, state, why] of running)
        it(`running: ${what} is ${state}`, () => {
            const verdict = judge(RUNNING, object);
            assert.equal(verdict.state, state);
            if (verdict.state !== "ready") assert.match(verdict.why, why!);
        });

    it("suspended: true when its pods are deleted, and false while they terminate", () => {
        assert.equal(judge(SUSPENDED, cluster({ RayClusterSuspended: "True" })).state, "ready");
        assert.equal(judge(SUSPENDED, cluster({ RayClusterSuspending: "True" })).state, "waiting");
        assert.equal(judge(SUSPENDED, cluster(UP)).state, "waiting");
        assert.equal(judge(SUSPENDED, cluster({ RayClusterSuspended: "True" }, {}, 3)).state, "waiting");
    });
});

describe("Awaited RayCluster", function () {
    const PATH = "/apis/ray.io/v1/namespaces/a/rayclusters/alpa-opt";
    const inputs = {
        object: { apiVersion: "ray.io/v1", kind: "RayCluster", namespace: "a", name: "alpa-opt" },
        until: RUNNING,
        generation: 2,
        attempt: 0,
        timeoutSeconds: 2,
        settleSeconds: 0,
    };
    const register = async () => one(await record(() => new Awaited("wait", { cluster: {}, ...inputs }, {})), TYPE);
    let api: FakeApi;
    let text: string;
    before(async () => (text = storedText(await register())));
    const open = async (object: () => object | undefined, pods: object[] = []) => {
        api = await fakeApi((path) =>
            path === PATH
                ? object()
                : path === "/api/v1/namespaces/a/pods"
                  ? { kind: "PodList", apiVersion: "v1", items: pods }
                  : undefined,
        );
        return { provider: load(text), inputs: { ...inputs, kubeconfig: api.kubeconfig, __provider: text } };
    };

    it("ends when the RayCluster is ready", async () => {
        const { provider, inputs } = await open(() => ({ kind: "RayCluster", ...cluster(UP) }));
        assert.equal((await provider.create!(inputs)).id, "RayCluster a/alpa-opt");
    });

    it("reports the problem of its pod at the timeout, and of no other pod", async () => {
        const bad = (name: string, of: string) => ({
            metadata: { name, namespace: "a", labels: { "ray.io/cluster": of } },
            status: {
                containerStatuses: [
                    {
                        name: "a",
                        restartCount: 5,
                        state: { waiting: { reason: "CrashLoopBackOff" } },
                        lastState: { terminated: { exitCode: 1, reason: "Error", message: "a prompt of a caller" } },
                    },
                ],
            },
        });
        const away = () => ({ kind: "RayCluster", ...cluster({ ...UP, HeadPodReady: "False" }) });
        let { provider, inputs } = await open(away, [bad("x", "other"), bad("head", "alpa-opt")]);
        await assert.rejects(provider.create!(inputs), {
            message:
                /^RayCluster a\/alpa-opt: pod head: its container keeps exiting \(exit code 1, Error; see: kubectl -n a logs head --previous\)\. Look: kubectl -n a describe pods/,
        });
        ({ provider, inputs } = await open(away, [bad("x", "other")]));
        await assert.rejects(provider.create!(inputs), { message: /not ready after 2 s \(head not ready/ });
    });

    it("waits again for another generation or attempt, and not for another timeout", async () => {
        const { provider, inputs } = await open(() => undefined);
        const diff = async (more: object) => (await provider.diff!("id", inputs, { ...inputs, ...more })).changes;
        assert.equal(await diff({}), false);
        assert.equal(await diff({ timeoutSeconds: 9 }), false);
        assert.equal(await diff({ generation: 3 }), true);
        assert.equal(await diff({ attempt: 1 }), true);
        assert.equal(await diff({ until: SUSPENDED }), true);
    });

    it("does not wait in a rollback for a component that no longer runs", async () => {
        const { provider, inputs } = await open(() => ({
            kind: "RayCluster",
            ...cluster({ ...UP, HeadPodReady: "False" }),
        }));
        const update = async (more: object, olds: object = inputs) =>
            provider.update!("id", olds as any, { ...inputs, timeoutSeconds: 0.1, ...more });
        const back = { attempt: 1, back: true };
        assert.deepEqual((await update(back)).outs.attempt, 1);
        await assert.rejects(update({ attempt: 1 }), /not ready/, "this run is no rollback");
        await assert.rejects(update({ ...back, generation: 3 }), /not ready/, "it was changed");
        await assert.rejects(update({ ...back, until: SUSPENDED }), /not ready/, "it is stopped");
    });
});
