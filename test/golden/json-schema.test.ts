// Proves that the JSON Schemas for editors are generated from the config's schema, and that they accept the same values.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { parse } from "yaml";
import { callersFileSchema, stackFileSchema } from "../../config/json-schema";
import { OPTIONS } from "../../config/options";
import { assertReviewed, formatted } from "./file";

const ROOT = join(__dirname, "../..");
const SHIPPED = ["intra", "inter", "cloudflare"];

describe("JSON Schema for editors", () => {
    const files = { "stack-file": stackFileSchema("alpa-auth"), "callers-file": callersFileSchema() };
    for (const [name, schema] of Object.entries(files))
        it(`docs/reference/${name}.schema.json is generated from the config's schema`, async () => {
            const file = `../../docs/reference/${name}.schema.json`;
            assertReviewed(file, await formatted(file, JSON.stringify(schema)));
        });

    const validate = new Ajv2020({ strict: false, allErrors: true }).compile(files["stack-file"]);
    const errors = (file: unknown) => {
        validate(file);
        return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).sort();
    };
    const shipped = (name: string) => readFileSync(join(ROOT, `Pulumi.${name}.yaml`), "utf8");

    for (const name of SHIPPED) {
        it(`accepts Pulumi.${name}.yaml, which refers to it`, () => {
            assert.deepEqual(errors(parse(shipped(name))), []);
            assert.match(
                shipped(name),
                /^# yaml-language-server: \$schema=docs\/reference\/stack-file\.schema\.json$/m,
            );
        });
        it(`rejects an unknown key and a wrong type in Pulumi.${name}.yaml`, () => {
            const { config } = parse(shipped(name));
            config["alpa-auth:consumer"] = [];
            config["alpa-auth:namespace"] = 7;
            config["kubernetes:namespace"] = "of another package";
            const found = errors({ config }).join("\n");
            assert.match(found, /\/config\/alpa-auth:consumer /);
            assert.doesNotMatch(found, /kubernetes:namespace/);
            if (name !== "cloudflare") assert.match(found, /\/config\/alpa-auth:namespace must be string/);
        });
    }

    it("rejects an unknown option", () => {
        assert.match(errors({ config: { "alpa-auth:option": "intra" } }).join(), /must be equal to one of/);
        assert.equal(OPTIONS.length, (files["stack-file"] as any).properties.config.allOf.length);
    });

    it("accepts encrypted values", () => {
        const { config } = parse(shipped("inter"));
        config["alpa-auth:cluster"] = { kubeconfig: { secure: "v1:abc" } };
        assert.deepEqual(errors({ config }), []);
        config["alpa-auth:alpa"].endpoints = [7];
        assert.notDeepEqual(errors({ config }), []);
    });
});
