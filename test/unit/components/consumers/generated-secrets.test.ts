import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { derive, generatedSecret, stackSeed } from "../../../../components/consumers/generated-secrets";
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

describe("generatedSecret", () => {
    const parent = () => new pulumi.ComponentResource("alpa-auth:test:Parent", "parent");

    it("derives from a seed with more bits than any text, and a salt without inputs that a change could replace", async () => {
        const seen = await record(() => generatedSecret("lab.a", "key", stackSeed(), parent()));
        assert.deepEqual(one(seen, SEED).inputs, { length: 64, special: false });
        assert.deepEqual([one(seen, SALT).name, inputsOf(one(seen, SALT))], ["lab.a-key", {}]);
    });

    it("derives a different text from each salt, as a secret, with a fingerprint that shows only that it differs", async () => {
        const made: ReturnType<typeof generatedSecret>[] = [];
        const salts = { "lab.a-key": { result: "one" }, "lab.b-key": { result: "two" } };
        await record(() => {
            const [seed, of] = [stackSeed(), parent()];
            made.push(generatedSecret("lab.a", "key", seed, of), generatedSecret("lab.b", "key", seed, of));
        }, salts);
        for (const [i, from] of ["one", "two"].entries()) {
            assert.equal(await value(made[i].secret), derive(generatedText(64), from, "key"));
            assert.equal(await pulumi.isSecret(made[i].secret), true);
        }
        const [a, b] = await Promise.all(made.map(({ fingerprint }) => value(pulumi.output(fingerprint!))));
        assert.match(a, /^fingerprint:[0-9a-f]{12}$/);
        assert.notEqual(a, b);
    });

    it("ends a run with --target that does not create the salt, instead of failing in the fingerprint", async () => {
        let made: ReturnType<typeof generatedSecret> | undefined;
        await record(() => void (made = generatedSecret("lab.a", "key", stackSeed(), parent())), {
            "lab.a-key": { result: undefined },
        });
        assert.equal(await value(pulumi.output(made!.fingerprint!)), "");
    });
});
