import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { cloudflareApi, readSettings } from "../../../config";
import { raw } from "../kit/intra-a";
import { rawCloudflare } from "../kit/cloudflare";

const VARIABLES = ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_BASE_URL", "PULUMI_CONFIG_SECRET_KEYS"];

describe("the access to the Cloudflare API", () => {
    const config = pulumi.runtime.allConfig();
    const env = VARIABLES.map((name) => [name, process.env[name]] as const);
    const set = (name: string, value: string | undefined) =>
        value === undefined ? delete process.env[name] : (process.env[name] = value);
    beforeEach(() => VARIABLES.forEach((name) => set(name, undefined)));
    after(() => {
        pulumi.runtime.setAllConfig(config);
        env.forEach(([name, value]) => set(name, value));
    });
    const prefixed = (own: Record<string, string>) =>
        Object.fromEntries(Object.entries(own).map(([key, value]) => [`alpa-auth:${key}`, value]));

    it("uses the real API with the token of the environment by default", () => {
        pulumi.runtime.setAllConfig({});
        set("CLOUDFLARE_API_TOKEN", "of-the-environment");
        assert.deepEqual(cloudflareApi(), {
            token: "of-the-environment",
            baseUrl: "https://api.cloudflare.com/client/v4",
            inPlain: false,
        });
    });
    it("prefers the stack's settings to the environment, like the provider", () => {
        set("CLOUDFLARE_API_TOKEN", "of-the-environment");
        set("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1/client/v4");
        set("PULUMI_CONFIG_SECRET_KEYS", '["cloudflare:apiToken"]');
        pulumi.runtime.setAllConfig({ "cloudflare:apiToken": "of-the-stack" });
        const { token, baseUrl, inPlain } = cloudflareApi();
        assert.deepEqual([token, baseUrl, inPlain], ["of-the-stack", "http://127.0.0.1:1/client/v4", false]);
    });
    it("is rejected with a token in plain text", () => {
        const plain = { ...prefixed(rawCloudflare()), "cloudflare:apiToken": "t".repeat(40) };
        pulumi.runtime.setAllConfig(plain);
        set("PULUMI_CONFIG_SECRET_KEYS", '["alpa-auth:ssh"]');
        assert.throws(() => readSettings("alpa-auth"), /1 problem.*\n.*cloudflare:apiToken: must be stored encrypted/);
    });
    it("is required by a stack of option cloudflare, and by no other", () => {
        set("PULUMI_CONFIG_SECRET_KEYS", '["alpa-auth:ssh"]');
        pulumi.runtime.setAllConfig(prefixed(rawCloudflare()));
        assert.throws(
            () => readSettings("alpa-auth"),
            /cloudflare:apiToken: required with option cloudflare or exposure tunnel/,
        );
        pulumi.runtime.setAllConfig(prefixed(raw()));
        assert.equal(readSettings("alpa-auth").option, "intra-a");
    });
});
