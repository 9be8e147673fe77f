// Proves what the server that counts limits is asked to be. That it counts for all gateways is proved on the engine.
import { strict as assert } from "node:assert";
import { renderServer } from "../../../../components/consumers/shared-counters";

describe("the server that counts", () => {
    const spec = renderServer({ repository: "valkey/valkey", tag: "8.1.1" });

    it("is evicted as soon as Kubernetes gives its node up, and stays while a kubelet restarts", () =>
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

    it("runs once, and another one is ready before it stops for a change", () =>
        assert.deepEqual(
            [spec.replicas, spec.strategy],
            [1, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }],
        ));
});
