import { strict as assert } from "node:assert";
import { adminKeys } from "../../../../components/apisix/admin-keys";
import { comesAfter, inputsOf, oneOfKind, record } from "../../../kit";

describe("adminKeys", () => {
    const build = () => record(() => adminKeys("alpa-admin-keys", "gateway", {}));

    it("generates two independent keys", async () => {
        const seen = await build();
        const keys = seen.filter((r) => r.type === "random:index/randomPassword:RandomPassword");
        assert.deepEqual(keys.map((k) => k.name).sort(), ["alpa-admin-keys-admin", "alpa-admin-keys-viewer"]);
        for (const { inputs } of keys) assert.deepEqual(inputs, { length: 40, special: false });
        for (const key of keys) assert.ok(comesAfter(seen, oneOfKind(seen, "Secret"), key), key.name);
    });

    it("puts both keys into the Secret that the chart reads: no pod starts without the viewer's key", async () => {
        const secret = oneOfKind(await build(), "Secret", "apisix-admin-keys");
        assert.equal(secret.inputs.metadata.namespace, "gateway");
        assert.deepEqual(Object.keys(inputsOf(secret, (s) => s).data).sort(), ["admin", "viewer"]);
    });
});
