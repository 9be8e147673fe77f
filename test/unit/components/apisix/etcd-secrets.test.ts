import { strict as assert } from "node:assert";
import { etcdSecret } from "../../../../components/apisix/etcd-secrets";
import { comesAfter, inputsOf, oneOfKind, record } from "../../../kit";

describe("etcdSecret", () => {
    const build = () =>
        record(() => {
            const args = { namespace: "gateway", secretName: "component-etcd", password: "secret" };
            etcdSecret("alpa-etcd", args, {});
        });

    it("generates a key of the length that APISIX encrypts with", async () => {
        const seen = await build();
        const [key, ...more] = seen.filter((r) => r.type === "random:index/randomPassword:RandomPassword");
        assert.deepEqual(more, []);
        // Letters only, because APISIX parses digits as a number. 16 of them, because APISIX silently ignores any other
        // length.
        assert.deepEqual([key.name, key.inputs], ["alpa-etcd-keyring", { length: 16, special: false, numeric: false }]);
        assert.ok(comesAfter(seen, oneOfKind(seen, "Secret"), key));
    });

    it("puts the keyring into the Secret that APISIX reads, with etcd's password", async () => {
        const secret = oneOfKind(await build(), "Secret", "component-etcd");
        assert.equal(secret.inputs.metadata.namespace, "gateway");
        assert.deepEqual(Object.keys(inputsOf(secret, (s) => s).data).sort(), ["etcd-root-password", "keyring"]);
    });
});
