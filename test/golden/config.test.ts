// Proves that each key of the config has a description, a default with its reason, and an example that the schema accepts.
// Proves that the list of decisions has their titles.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { parse } from "yaml";
import * as z from "zod";
import { callersFileSchema, stackFileSchema } from "./config-schema";
import { OPTIONS } from "../../config/options";
import { commandFor, keysOf, sample } from "../site/configuration-page";
import { assertReviewed, formatted } from "./file";

describe("reference of the configuration", () => {
    for (const option of OPTIONS) {
        it(`describes every key of option ${option}, and its default with the reason`, () => {
            for (const { path, description, need, reason, unset, isMapping, schema } of keysOf(option)) {
                assert.match(description ?? "", /^[^\n]+[.]$/, `${path}: describe it in a sentence`);
                assert.doesNotMatch(description!, /\bunset\b|default:/i, `${path}: meta has its default`);
                const isLiteral = schema instanceof z.ZodLiteral;
                if (need === "default" && !isLiteral)
                    assert.match(reason ?? "", /\.$/, `${path}: reason of the default`);
                if (need === "optional" && !isMapping) assert.ok(unset, `${path}: what holds without it`);
            }
        });

        it(`shows for every key of option ${option} a value that the schema accepts`, () => {
            // If a command sets a key, the command is the example. The keys of a mapping have their own.
            for (const key of keysOf(option).filter((one) => commandFor(one) === undefined)) {
                const value = sample(key);
                if (value === undefined && key.isMapping) continue;
                assert.notEqual(value, undefined, `${key.path}: give an example`);
                const { success, error } = z.safeParse(key.schema, value);
                assert.ok(success, `${key.path}: ${JSON.stringify(value)}: ${error?.message}`);
            }
        });
    }
});

describe("list of decisions", () => {
    it("has the title of each decision", async () => {
        const folder = join(__dirname, "../../docs/decisions");
        const pages = readdirSync(folder).filter((name) => /^\d{4}-/.test(name));
        const titles = pages
            .sort()
            .map((name) => [/^# (.*)$/m.exec(readFileSync(join(folder, name), "utf8"))![1], name]);
        const intro =
            "The decisions that a contributor could undo without knowing the reason: what was decided and why, what was tried instead, what it costs, and what would change it.";
        const list = titles.map(([title, name]) => `- [${title}](${name})`).join("\n");
        const file = "../../docs/decisions/README.md";
        const text = `# Decisions\n\n${intro}\n\n<!-- Generated. After a new decision: npm run golden -->\n\n${list}\n`;
        assertReviewed(file, await formatted(file, text));
    });
});

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
