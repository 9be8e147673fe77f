// Proves that a plain-text secret of a host, or a caller's key, is found among encrypted ones. It does not prove that Pulumi
// marks all of them secret, which is Pulumi's own behaviour.
import { strict as assert } from "node:assert";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, parse } from "../../../config";
import { plainSecrets, readStackFile } from "../../../config/stack-file";
import { HOST, rawCloudflare, TODAY, TUNNEL } from "../kit/cloudflare";
import { raw } from "../kit/intra-a";

const FILE = (key = "alpa-auth:tunnel") => `
config:
    ${key}:
        hosts:
            - address: 10.0.0.11
              user: ubuntu
              privateKey: { secure: v1:abc }
              sudoPassword: pa55
            - address: 10.0.0.12
              privateKey: |
                  key
                  of two lines
              sudoPassword: 4711
            - address: 10.0.0.13
`;

describe("secrets in the stack file", () => {
    for (const key of ["alpa-auth:tunnel", "tunnel"])
        it(`are found in plain text among encrypted ones, under ${key}`, () => {
            const inPlain = plainSecrets(FILE(key));
            for (const value of ["pa55", "key\nof two lines\n", "4711", 4711]) assert.ok(inPlain(value), String(value));
            for (const value of ["abc", "v1:abc", "ubuntu", undefined]) assert.ok(!inPlain(value), String(value));
        });

    it("are found in each list of hosts", () => {
        const hosts = (indent: number) =>
            FILE()
                .split("\n")
                .slice(4)
                .map((line) => " ".repeat(indent) + line)
                .join("\n");
        for (const start of ["tunnel:\n        hosts:", "cluster:\n        nodes:"])
            assert.ok(plainSecrets(`config:\n    ${start}\n${hosts(0)}`)("pa55"), start);
        assert.ok(plainSecrets(`config:\n    alpa:\n        firewall:\n            hosts:\n${hosts(4)}`)("pa55"));
    });

    it("are rejected where Pulumi marks the whole mapping secret, without repeating them", () => {
        const raw = rawCloudflare({ tunnel: { ...TUNNEL, hosts: [{ ...HOST, sudoPassword: "pa55" }] } });
        const inPlain = plainSecrets(FILE());
        assert.throws(
            () => parse(raw, (_key, value) => !inPlain(value), TODAY),
            ({ problems }: ConfigError) => {
                assert.equal(problems.length, 1);
                assert.match(problems[0], /^tunnel\.hosts\[0\]\.sudoPassword: must be stored encrypted/);
                assert.doesNotMatch(problems[0], /pa55/);
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
        assert.ok(plainSecrets(readStackFile("dev", folder))("pa55"));
        for (const text of [undefined, "", "config: [", "config:\n    alpa-auth:tunnel: { secure: x }"])
            assert.ok(!plainSecrets(text)("pa55"), text);
    });
});
