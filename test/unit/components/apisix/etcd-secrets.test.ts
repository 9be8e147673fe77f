import { strict as assert } from "node:assert";
import { EtcdSecrets } from "../../../../components/apisix/etcd-secrets";
import { inputsOf, oneOfKind, record } from "../../../kit";

describe("EtcdSecrets", () => {
    const build = () =>
        record(
            () =>
                new EtcdSecrets("alpa-etcd", {
                    namespace: "gateway",
                    secretName: "component-etcd",
                    password: "secret",
                    keyring: "letters",
                }),
        );

    it("puts the keyring into the Secret that APISIX reads, with etcd's password", async () => {
        const secret = oneOfKind(await build(), "Secret", "component-etcd");
        assert.equal(secret.inputs.metadata.namespace, "gateway");
        assert.deepEqual(Object.keys(inputsOf(secret, (s) => s).data).sort(), ["etcd-root-password", "keyring"]);
    });
});
