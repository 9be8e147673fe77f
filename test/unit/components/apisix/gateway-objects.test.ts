// Proves the relations between the gateway's values, settings file, keys and objects. Goldens show their fields.
import { strict as assert } from "node:assert";
import { apisixValues, controllerName } from "../../../../components/apisix/values";
import { release } from "./release-fixture";
import { parse } from "yaml";
import { profileName, renderProfile } from "../../../../components/apisix/profile";
import { podObjects } from "../../../../components/apisix/pod-objects";
import { comesAfter, one, oneOfKind, record, textsOf } from "../../../kit";
import { gatewayWiring } from "../../../../components/apisix/wiring";

const values = apisixValues(release, "team-a");

describe("apisixValues", () => {
    it("uses image, port and replicas of the config", () => {
        assert.deepEqual(values.image, release.image);
        assert.equal(values.replicaCount, 2);
        assert.deepEqual(values.service, {
            type: "NodePort",
            externalTrafficPolicy: "Cluster",
            http: { nodePort: 30900 },
        });
    });
    it("contains no key itself", () => {
        const text = JSON.stringify(values);
        assert.doesNotMatch(text, /edd1c9f034335f136f87ad84b625c8f1|rootPassword/);
        assert.deepEqual(text.match(/"value":"[^"]*"/g), ['"value":"alpa-auth"'], "the name of the settings file");
    });
    it("gives the ingress controller a different name in each namespace", () => {
        assert.equal(values["ingress-controller"].config.controllerName, controllerName("team-a"));
        assert.notEqual(controllerName("team-a"), controllerName("team-b"));
    });
});

const availability = { answerTimeoutSeconds: 600 };
const read = (settings: object): any => parse(renderProfile({ ...release, availability, ...settings }, "team-a"));

describe("the settings file of APISIX", () => {
    it("lets nginx finish answers for the longest answer time plus half a minute", () =>
        assert.equal(read({}).nginx_config.worker_shutdown_timeout, "630s"));

    it("ends an idle connection before Alpa does, so that no request is sent on a connection that Alpa closes", () => {
        const alpasSeconds = 5; // uvicorn's default
        const { keepalive_timeout: idle } = read({}).nginx_config.http.upstream;
        assert.match(idle, /^\ds$/);
        assert.ok(Number.parseInt(idle) < alpasSeconds, idle);
    });

    it("has another name if its content differs, and the same name otherwise", () => {
        const name = (answerTimeoutSeconds: number) =>
            profileName(renderProfile({ availability: { answerTimeoutSeconds } }, "team-a"));
        assert.equal(name(600), name(600));
        assert.notEqual(name(600), name(601));
        assert.match(name(600), /^alpa-auth-apisix-[0-9a-f]{10}$/);
    });
});

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

    it("creates the keys after the network policies, so that these are in force before a pod listens", async () => {
        const seen = await build();
        const keys = oneOfKind(seen, "Secret", "apisix-admin-keys");
        for (const policy of seen.filter(({ inputs }) => inputs.kind === "NetworkPolicy"))
            assert.ok(comesAfter(seen, keys, policy), policy.name);
    });
});

describe("gatewayWiring", () => {
    const build = () =>
        record(() => void gatewayWiring("alpa-wiring", { apisixNamespace: "gateway", namespace: "team-a" }, {}));
    it("creates the GatewayProxy before the objects that refer to it", async () => {
        const seen = await build();
        const proxy = oneOfKind(seen, "GatewayProxy");
        assert.ok(comesAfter(seen, oneOfKind(seen, "IngressClass"), proxy));
        assert.ok(comesAfter(seen, oneOfKind(seen, "Gateway"), proxy));
        assert.ok(comesAfter(seen, oneOfKind(seen, "Gateway"), oneOfKind(seen, "GatewayClass")));
    });
});
