import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { derive, GeneratedSecrets } from "../../../../components/consumers/generated-secrets";
import { generatedText, inputsOf, one, record, value } from "../../../kit";

const SEED = "random:index/randomPassword:RandomPassword";
const SALT = "random:index/randomUuid:RandomUuid";
const salt = "4f2c1f5e-0d9b-6a1c-83d7-5b1e0c9a7f42";

describe("derive", () => {
    it("gives the same text in every version: a change would lock every caller out", () => {
        assert.equal(derive("seed", salt, "key"), "2d493ba5e497815546b40d3a18540235e547b6c87f8eba8f");
        assert.equal(
            derive("seed", salt, "jwt-secret"),
            "315d2dde4e7474fc09e63e8a69a6ab9b13270d49bdc2e250d9090752cb00907e",
        );
    });

    it("has 192 bits for a key and 256 for HS256, in characters that need no quotes anywhere", () => {
        assert.match(derive("seed", salt, "key"), /^[0-9a-f]{48}$/);
        assert.match(derive("seed", salt, "jwt-secret"), /^[0-9a-f]{64}$/);
    });

    const others: [what: string, text: string][] = [
        ["another seed", derive("other", salt, "key")],
        ["another salt", derive("seed", salt.replace("4", "5"), "key")],
        ["another use", derive("seed", salt, "jwt-secret")],
    ];
    for (const [what, text] of others)
        it(`gives another text for ${what}`, () => {
            assert.notEqual(text.slice(0, 48), derive("seed", salt, "key"));
        });
});

describe("GeneratedSecrets", () => {
    const parent = () => new pulumi.ComponentResource("alpa-auth:test:Parent", "parent");

    it("creates one seed for all texts, with more bits than any text, and a salt for each text", async () => {
        const seen = await record(() => {
            const generated = new GeneratedSecrets("alpa-consumers", parent());
            generated.make("lab.a", "key");
            generated.make("lab.a", "jwt-secret");
        });
        assert.deepEqual(one(seen, SEED).inputs, { length: 64, special: false });
        assert.deepEqual(
            seen.filter((r) => r.type === SALT).map((r) => r.name),
            ["lab.a-key", "lab.a-jwt-secret"],
        );
    });

    it("uses a salt resource without other inputs, so that no change replaces it", async () => {
        const seen = await record(() => new GeneratedSecrets("alpa-consumers", parent()).make("lab.a", "key"));
        assert.deepEqual(inputsOf(one(seen, SALT)), {});
    });

    it("derives a different text from each salt, as a secret", async () => {
        const made: pulumi.Output<string>[] = [];
        const salts = { "lab.a-key": { result: "one" }, "lab.b-key": { result: "two" } };
        await record(() => {
            const generated = new GeneratedSecrets("alpa-consumers", parent());
            made.push(generated.make("lab.a", "key"), generated.make("lab.b", "key"));
        }, salts);
        for (const [i, from] of ["one", "two"].entries()) {
            assert.equal(await value(made[i]), derive(generatedText(64), from, "key"));
            assert.equal(await pulumi.isSecret(made[i]), true);
        }
    });
});
