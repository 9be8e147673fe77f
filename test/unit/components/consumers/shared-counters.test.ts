// Proves the Kubernetes objects of the shared counters. Engine tests prove that they count for all gateways.
import { strict as assert } from "node:assert";
import { renderServer } from "../../../../components/consumers/shared-counters";

describe("the pod of the shared counters", () => {
    const spec = renderServer({ repository: "valkey/valkey", tag: "8.1.1" });

    it("is evicted as soon as its node is Unknown, and stays while a kubelet restarts", () =>
        assert.deepEqual(
            spec.template.spec.tolerations.map(({ key, effect, tolerationSeconds }) => [
                key,
                effect,
                tolerationSeconds,
            ]),
            [
                ["node.kubernetes.io/unreachable", "NoExecute", 0],
                ["node.kubernetes.io/not-ready", "NoExecute", 30],
            ],
        ));

    it("runs once, and its replacement is ready before it stops for a change", () =>
        assert.deepEqual(
            [spec.replicas, spec.strategy],
            [1, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }],
        ));
});
