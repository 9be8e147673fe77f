import { strict as assert } from "node:assert";
import { podObjects } from "../../../../components/apisix/pod-objects";
import { profileName, renderProfile } from "../../../../components/apisix/profile";
import { gatewayWiring } from "../../../../components/apisix/wiring";
import { comesAfter, inputsOf, one, oneOfKind, record, textsOf } from "../../../kit";
import { release } from "./release-fixture";

describe("podObjects", () => {
    const etcd = { password: "secret", keyring: "letters" };
    const build = () => record(() => void podObjects("alpa", { namespace: "gateway", release, profile: "", etcd }, {}));

    it("derives two different keys of the Admin API from one seed with more bits than both", async () => {
        const seen = await build();
        const seed = one(seen, "random:index/randomPassword:RandomPassword", "alpa-admin-keys-seed");
        assert.deepEqual(seed.inputs, { length: 64, special: false });
        const secret = oneOfKind(seen, "Secret", "apisix-admin-keys");
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

    it("creates the keys after the network policies, so that these are in force before a pod listens", async () => {
        const seen = await build();
        const keys = oneOfKind(seen, "Secret", "apisix-admin-keys");
        for (const policy of seen.filter(({ inputs }) => inputs.kind === "NetworkPolicy"))
            assert.ok(comesAfter(seen, keys, policy), policy.name);
    });

    it("puts the keyring into the Secret that APISIX reads, with etcd's password", async () => {
        const secret = oneOfKind(await build(), "Secret", "apisix-etcd");
        assert.equal(secret.inputs.metadata.namespace, "gateway");
        assert.deepEqual(Object.keys(inputsOf(secret, (s) => s).data).sort(), ["etcd-root-password", "keyring"]);
    });
});

describe("gatewayWiring", () => {
    it("creates the GatewayProxy before the objects that refer to it", async () => {
        const seen = await record(
            () => void gatewayWiring("alpa-wiring", { apisixNamespace: "gateway", namespace: "team-a" }, {}),
        );
        const proxy = oneOfKind(seen, "GatewayProxy");
        assert.ok(comesAfter(seen, oneOfKind(seen, "IngressClass"), proxy));
        assert.ok(comesAfter(seen, oneOfKind(seen, "Gateway"), proxy));
        assert.ok(comesAfter(seen, oneOfKind(seen, "Gateway"), oneOfKind(seen, "GatewayClass")));
    });
});

describe("the settings file of APISIX", () => {
    it("has another name if its content differs, and the same name otherwise", () => {
        const name = (answerTimeoutSeconds: number) =>
            profileName(renderProfile({ availability: { answerTimeoutSeconds } }, "team-a"));
        assert.equal(name(600), name(600));
        assert.notEqual(name(600), name(601));
        assert.match(name(600), /^alpa-auth-apisix-[0-9a-f]{10}$/);
    });
});
