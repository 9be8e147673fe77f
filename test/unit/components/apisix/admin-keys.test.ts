import { strict as assert } from "node:assert";
import { adminKeys } from "../../../../components/apisix/admin-keys";
import { comesAfter, inputsOf, one, oneOfKind, record, textsOf } from "../../../kit";

describe("adminKeys", () => {
    const build = () => record(() => adminKeys("alpa-admin-keys", "gateway", {}));

    it("derives two different keys from one seed with more bits than both", async () => {
        const seen = await build();
        const seed = one(seen, "random:index/randomPassword:RandomPassword", "alpa-admin-keys-seed");
        assert.deepEqual(seed.inputs, { length: 64, special: false });
        const secret = oneOfKind(seen, "Secret");
        assert.ok(comesAfter(seen, secret, seed));
        const { admin, viewer } = textsOf(secret) as Record<string, string>;
        for (const key of [admin, viewer]) assert.match(key, /^[0-9a-f]{48}$/);
        assert.notEqual(admin, viewer);
    });

    it("puts both keys into the Secret that the chart reads: no pod starts without the viewer's key", async () => {
        const secret = oneOfKind(await build(), "Secret", "apisix-admin-keys");
        assert.equal(secret.inputs.metadata.namespace, "gateway");
        assert.deepEqual(Object.keys(inputsOf(secret, (s) => s).data).sort(), ["admin", "viewer"]);
    });
});
