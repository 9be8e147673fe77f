// Proves what the server that counts limits is asked to be. That it counts for all gateways is proved on the engine.
import { strict as assert } from "node:assert";
import { renderServer } from "../../../../components/consumers/shared-counters";

describe("the server that counts", () => {
    const spec = renderServer({ repository: "valkey/valkey", tag: "8.1.1" });

    it("is evicted 30 s after its node is lost, instead of 300", () =>
        assert.deepEqual(
            spec.template.spec.tolerations.map(({ key, effect, tolerationSeconds }) => [
                key,
                effect,
                tolerationSeconds,
            ]),
            [
                ["node.kubernetes.io/not-ready", "NoExecute", 30],
                ["node.kubernetes.io/unreachable", "NoExecute", 30],
            ],
        ));

    it("never runs twice by itself, since two would count apart", () =>
        assert.deepEqual([spec.replicas, spec.strategy.type], [1, "Recreate"]));
});
