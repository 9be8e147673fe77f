// Proves the content of APISIX's settings file. Engine tests with the real APISIX prove that APISIX reads it.
import { strict as assert } from "node:assert";
import { parse } from "yaml";
import { profileName, renderProfile } from "../../../../components/apisix/profile";
import { apisixValues } from "../../../../components/apisix/values";
import { release } from "./release-fixture";

const availability = { answerTimeoutSeconds: 600 };
const read = (settings: object): any => parse(renderProfile({ ...release, availability, ...settings }, "team-a"));

describe("the settings file of APISIX", () => {
    it("lets nginx finish answers for the longest answer time plus half a minute", () =>
        assert.equal(read({}).nginx_config.worker_shutdown_timeout, "630s"));

    it("keeps the chart's timeout of nginx without a setting for availability", () =>
        assert.equal(read({ availability: undefined }).nginx_config.worker_shutdown_timeout, "240s"));

    it("encrypts with a key of the environment, and can read what was stored before there was one", () => {
        const { enable_encrypt_fields: on, keyring } = read({}).apisix.data_encryption;
        assert.equal(on, true);
        // The first key is the stack's own. The other two are public defaults of APISIX (config.lua of 3.18.0).
        assert.deepEqual(keyring, ["${{APISIX_KEYRING}}", "qeddd145sfvddff3", "edd1c9f0985e76a2"]);
    });

    it("connects to etcd with the password that the chart puts into the environment", () => {
        const { user, password } = read({}).deployment.etcd;
        assert.deepEqual([user, password], ["root", "${{APISIX_ETCD_PASSWORD}}"]);
    });

    it("disables HTTP/2, which APISIX would enable without TLS too", () =>
        assert.equal(read({}).apisix.enable_http2, false));

    it("trusts forwarded headers only from the pod itself, like the chart's own file", () => {
        assert.deepEqual(read({}).apisix.trusted_addresses, ["127.0.0.1"]);
        assert.ok(!("trustedAddresses" in apisixValues(release, "team-a").apisix));
    });

    it("serves no TLS unless configured, although that is APISIX's own default", () => {
        const { apisix, ...rest } = read({});
        assert.deepEqual(apisix.ssl, { enable: false });
        assert.ok(!("plugin_attr" in rest));
    });

    it("serves no Admin page, and requires a key", () => {
        const { admin } = read({}).deployment;
        assert.equal(admin.enable_admin_ui, false);
        assert.equal(admin.admin_key.length, 2);
    });

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
