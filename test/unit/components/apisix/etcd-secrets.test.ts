import { strict as assert } from "node:assert";
import { etcdSecret } from "../../../../components/apisix/etcd-secrets";
import { inputsOf, oneOfKind, record } from "../../../kit";

describe("etcdSecret", () => {
    const build = () =>
        record(() => {
            const args = { namespace: "gateway", secretName: "component-etcd", password: "secret", keyring: "letters" };
            etcdSecret("alpa-etcd", args, {});
        });

    it("puts the keyring into the Secret that APISIX reads, with etcd's password", async () => {
        const secret = oneOfKind(await build(), "Secret", "component-etcd");
        assert.equal(secret.inputs.metadata.namespace, "gateway");
        assert.deepEqual(Object.keys(inputsOf(secret, (s) => s).data).sort(), ["etcd-root-password", "keyring"]);
    });
});
