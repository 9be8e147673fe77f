// Proves that a secret in plain text is found among encrypted ones and rejected, and which API token a stack uses. It does not prove
// that Pulumi marks all of them secret, which is Pulumi's own behaviour.
import { strict as assert } from "node:assert";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { cloudflareApi, ConfigError, parse, readSettings } from "../../../config";
import { plainSecrets, readStackFile } from "../../../config/stack-file";
import { rawCloudflare, SSH, TODAY } from "../kit/cloudflare";
import { raw } from "../kit/intra-a";

const FILE = (key = "alpa-auth:ssh") => `
config:
    ${key}:
        user: ubuntu
        privateKey: |
            key
            of two lines
        sudoPassword: 4711
`;

describe("secrets in the stack file", () => {
    for (const key of ["alpa-auth:ssh", "ssh"])
        it(`are found in plain text among encrypted ones, under ${key}`, () => {
            const inPlain = plainSecrets(FILE(key));
            for (const value of ["key\nof two lines\n", "4711", 4711]) assert.ok(inPlain(value), String(value));
            for (const value of ["ubuntu", undefined]) assert.ok(!inPlain(value), String(value));
        });

    it("are rejected where Pulumi marks the whole mapping secret, without repeating them", () => {
        const raw = rawCloudflare({ ssh: { ...SSH, sudoPassword: "4711" } });
        const inPlain = plainSecrets(FILE());
        assert.throws(
            () => parse(raw, (_key, value) => !inPlain(value), TODAY),
            ({ problems }: ConfigError) => {
                assert.equal(problems.length, 1);
                assert.match(problems[0], /^ssh\.sudoPassword: must be stored encrypted/);
                assert.doesNotMatch(problems[0], /4711/);
                return true;
            },
        );
    });

    it("include callers' keys: a key in plain text is rejected", () => {
        const [sealed, plain] = ["sealed-0123456789abc", "plain-0123456789abcd"];
        const credentials = [
            { id: "a", method: "key", key: sealed },
            { id: "b", method: "key", key: plain },
        ];
        const file = `config:
    alpa-auth:consumers:
        - name: lab
          credentials:
              - { id: a, method: key, key: { secure: v1:abc } }
              - { id: b, method: key, key: ${plain} }
        - name: empty
        - other
`;
        const inPlain = plainSecrets(file);
        assert.throws(
            () => parse(raw({ consumers: [{ name: "lab", credentials }] }), (_key, value) => !inPlain(value)),
            ({ problems }: ConfigError) => {
                assert.equal(problems.length, 1, problems.join());
                assert.match(problems[0], /^consumers\[0\]\.credentials\[1\]\.key: must be stored encrypted/);
                assert.doesNotMatch(problems[0], /plain-0123/);
                return true;
            },
        );
    });

    it("are not searched for where no stack file is found, or it has no config in YAML", () => {
        const folder = mkdtempSync(join(tmpdir(), "alpa-auth-"));
        assert.equal(readStackFile("dev", folder), undefined);
        writeFileSync(join(folder, "Pulumi.dev.yaml"), FILE());
        assert.ok(plainSecrets(readStackFile("dev", folder))("4711"));
        for (const text of [undefined, "", "config: [", "config:\n    alpa-auth:tunnel: { secure: x }"])
            assert.ok(!plainSecrets(text)("4711"), text);
    });
});

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
