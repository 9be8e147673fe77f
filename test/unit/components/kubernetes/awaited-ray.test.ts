// Proves when the stored provider judges that a RayCluster is running or suspended. The API server is a fake. Engine
// tests prove that the KubeRay operator sets the statuses that this test assumes.
import { strict as assert } from "node:assert";
import { Awaited } from "../../../../components/kubernetes/awaited";
import { judge, type Observed, type Until } from "../../../../components/kubernetes/readiness";
import { one, record } from "../../../kit";
import { fakeApi, type FakeApi } from "../../kit/fake-api";
import { load, storedText } from "./stored";

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
