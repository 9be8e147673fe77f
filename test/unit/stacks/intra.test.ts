import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { intra } from "../../../stacks/intra";
import { oneOfKind, one, record, value } from "../../kit";
import { KUBECONFIG, recordStack, settings } from "../kit/intra-a";

describe("stack intra", () => {
    it("puts the gateway into a Rampart graph in its own namespace", async () => {
        const seen = await recordStack("rampart", { namespace: "team-a" });
        assert.equal(oneOfKind(seen, "RampartGraph").inputs.metadata.namespace, "team-a");
    });

    it("outputs the address in plain text, and keys as secrets", async () => {
        let outputs: ReturnType<typeof intra> | undefined;
        await record(() => (outputs = intra(settings("rampart"))));
        assert.deepEqual(Object.keys(outputs!), ["url", "credentials", "jwtSecrets", "curl", "expires", "gateway"]);
        assert.equal(outputs!.url, "http://10.0.0.11:30800/alpa");
        for (const secret of [outputs!.credentials, outputs!.jwtSecrets])
            assert.equal(await pulumi.isSecret(secret), true);
        assert.equal(await pulumi.isSecret(outputs!.curl), true);
        assert.deepEqual(Object.keys(await value(outputs!.credentials)), ["lab/2026a", "lab/2026b", "nlp/2026a"]);
    });

    it("gives the cluster's provider the kubeconfig as a secret, and the context", async () => {
        const seen = await recordStack("rampart", { cluster: { kubeconfig: KUBECONFIG, context: "one" } });
        const { kubeconfig, context } = one(seen, "pulumi:providers:kubernetes").inputs;
        assert.ok(pulumi.runtime.isRpcSecret(kubeconfig));
        assert.equal(context, "one");
    });

    it("leaves the environment's kubeconfig to the provider where the config has none", async () => {
        const { inputs } = one(await recordStack("rampart"), "pulumi:providers:kubernetes");
        assert.deepEqual(Object.keys(inputs), []);
    });
});
