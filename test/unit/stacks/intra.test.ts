import { strict as assert } from "node:assert";
import { oneOfKind, one } from "../../kit";
import { recordStack } from "../kit/intra-a";

describe("stack intra", () => {
    it("puts the gateway into a Rampart graph in its own namespace", async () => {
        const seen = await recordStack("rampart", { namespace: "team-a" });
        assert.equal(oneOfKind(seen, "RampartGraph").inputs.metadata.namespace, "team-a");
    });

    it("leaves the environment's kubeconfig to the provider where the config has none", async () => {
        const { inputs } = one(await recordStack("rampart"), "pulumi:providers:kubernetes");
        assert.deepEqual(Object.keys(inputs), []);
    });
});
