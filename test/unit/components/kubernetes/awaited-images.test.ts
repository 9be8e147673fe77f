// Proves when the stored provider judges that every node has the image and the weights, and that it reports why a node
// does not have them. The API server is a fake.
import { strict as assert } from "node:assert";
import { Awaited } from "../../../../components/kubernetes/awaited";
import { judge, type Until } from "../../../../components/kubernetes/readiness";
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
