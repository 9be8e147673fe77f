// Proves what the settings file of a highly available APISIX says. That the real one reads it is not proved here.
import { strict as assert } from "node:assert";
import { parse } from "yaml";
import { profileName, renderProfile } from "../../../../components/parts/apisix-profile";
import { apisixValues, profileOf } from "../../../../components/parts/apisix-values";
import { release } from "./release";

const installation = { release: "team-a", namespace: "team-a-gateway" };
const availability = { answerTimeoutSeconds: 600 };
const read = (settings: object): any => parse(profileOf({ ...release, availability, ...settings }, installation));

describe("the settings file of APISIX", () => {
    it("gives nginx the longest answer and half a minute", () =>
        assert.equal(read({}).nginx_config.worker_shutdown_timeout, "630s"));

    it("says of TLS what the chart's values say, which do not reach it", () => {
        const tls = { nodePort: 30843, minimumVersion: "1.3" as const, publicPort: 443 };
        const { apisix, plugin_attr: attributes } = read({ tls });
        const values = apisixValues({ ...release, tls }, "team-a", installation).apisix as any;
        assert.deepEqual(apisix.ssl, {
            enable: values.ssl.enabled,
            listen: [{ port: 9443 }],
            ssl_protocols: values.ssl.sslProtocols,
            ssl_ciphers: values.ssl.sslCiphers,
        });
        assert.deepEqual(attributes, values.pluginAttrs);
    });

    it("takes forwarded headers from the pod itself alone, as the chart's own file does", () => {
        assert.deepEqual(read({}).apisix.trusted_addresses, ["127.0.0.1"]);
        assert.ok(!("trustedAddresses" in apisixValues(release, "team-a", installation).apisix));
    });

    it("serves no TLS unless told to, though that is APISIX's own default", () => {
        const { apisix, ...rest } = read({});
        assert.deepEqual(apisix.ssl, { enable: false });
        assert.ok(!("plugin_attr" in rest));
    });

    it("serves no Admin page, and asks for a key", () => {
        const { admin } = read({}).deployment;
        assert.equal(admin.enable_admin_ui, false);
        assert.equal(admin.admin_key.length, 2);
    });

    it("has another name whenever it says something else, and the same otherwise", () => {
        const text = (shutdownSeconds: number) => renderProfile({ ...installation, shutdownSeconds });
        assert.equal(profileName(text(630)), profileName(text(630)));
        assert.notEqual(profileName(text(630)), profileName(text(631)));
        assert.match(profileName(text(630)), /^alpa-auth-apisix-[0-9a-f]{10}$/);
    });
});
