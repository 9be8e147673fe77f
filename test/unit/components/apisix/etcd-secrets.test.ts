import { strict as assert } from "node:assert";
import { EtcdSecrets } from "../../../../components/apisix/etcd-secrets";
import { comesAfter, inputsOf, oneOfKind, record } from "../../../kit";

describe("EtcdSecrets", () => {
    const build = () =>
        record(() => new EtcdSecrets("alpa-etcd", { namespace: "gateway", secretName: "component-etcd" }));

    it("generates a password, and a key of the length that APISIX encrypts with", async () => {
        const seen = await build();
        const made = seen.filter((r) => r.type === "random:index/randomPassword:RandomPassword");
        assert.deepEqual(Object.fromEntries(made.map(({ name, inputs }) => [name, inputs])), {
            "alpa-etcd-root-password": { length: 40, special: false },
            // Letters alone: APISIX makes a number of digits. Another length is left out of its ring without an error.
            "alpa-etcd-keyring": { length: 16, special: false, numeric: false },
        });
        for (const one of made) assert.ok(comesAfter(seen, oneOfKind(seen, "Secret"), one), one.name);
    });

    it("puts both into the Secret that etcd and APISIX read", async () => {
        const secret = oneOfKind(await build(), "Secret", "component-etcd");
        assert.equal(secret.inputs.metadata.namespace, "gateway");
        assert.deepEqual(Object.keys(inputsOf(secret, (s) => s).data).sort(), ["etcd-root-password", "keyring"]);
    });
});
