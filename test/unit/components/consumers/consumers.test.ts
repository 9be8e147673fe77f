import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import {
    claimKey,
    type ConsumerSettings,
    type Credential,
    secretName,
} from "../../../../components/consumers/consumer";
import { Consumers, type ConsumersArgs } from "../../../../components/consumers/consumers";
import { derive, generatedSecret, stackSeed } from "../../../../components/consumers/generated-secrets";
import { comesAfter, generatedText, inputsOf, one, oneOfKind, record, textsOf, value } from "../../../kit";

const binding = { ingressClass: "alpa-auth", gateway: "own", gatewayNamespace: "gateway" };
const key = (id: string): Credential => ({ id, method: "key" });
const caller = (...credentials: Credential[]): ConsumerSettings => ({ name: "lab", limits: {}, credentials });
const lab = caller(key("2026a"), key("2026b"));
const build = (consumer: ConsumerSettings, more: Partial<ConsumersArgs> = {}) =>
    new Consumers(
        "alpa-consumers",
        {
            consumers: [consumer],
            meanings: { [consumer.name]: { limits: {}, credentials: {} } },
            seed: stackSeed(),
            namespace: "alpa-auth",
            binding,
            cluster: {},
            readiness: { acceptTimeoutSeconds: 120, settleSeconds: 15 },
            pods: { namespace: "gateway", labels: { app: "apisix" }, unasked: "fail", evidence: "/e?q" },
            ...more,
        },
        new pulumi.ComponentResource("test:Parent", "alpa"),
    );
const SALT = "random:index/randomUuid:RandomUuid";
const SEED = "random:index/randomPassword:RandomPassword";
const MEMORY = "pulumi-nodejs:dynamic/alpa-auth:Revocations";
const REVOKED = "pulumi-nodejs:dynamic/alpa-auth:GatewayServes";
const PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";

/** The fake engine always generates the same text. */
const [KEY, JWT_SECRET] = [
    derive(generatedText(64), generatedText(), "key"),
    derive(generatedText(64), generatedText(), "jwt-secret"),
];

describe("names of a credential", () => {
    it("are unique", () => {
        assert.notEqual(secretName("a-b", "c"), secretName("a", "b-c"));
        assert.notEqual(claimKey("n", "a-b", "c"), claimKey("n", "a", "b-c"));
        assert.notEqual(claimKey("n", "a", "1"), claimKey("n", "a", "2"));
        assert.notEqual(claimKey("n", "a", "1"), claimKey("m", "a", "1"));
    });
});

describe("Consumers", () => {
    it("generates a key for each credential", async () => {
        const seen = await record(() => build(lab));
        const keys = seen.filter((r) => r.type === SALT);
        assert.deepEqual(keys.map((k) => k.name).sort(), ["lab.2026a-key", "lab.2026b-key"]);
    });

    it("creates three resources for a caller with one key, and one record of revocations and one proof for all", async () => {
        const seen = await record(() => build(caller(key("a"))));
        assert.deepEqual(
            seen.filter((r) => !/^(alpa-auth|test):/.test(r.type)).map((r) => r.name),
            ["seed", "lab.a-key", "revocations", "lab.a-secret", "alpa-consumers-revoked", "lab-consumer"],
        );
    });

    const materials: [what: string, credential: Credential, material: object, generated: string[]][] = [
        ["a generated key", key("a"), { key: KEY }, ["lab.a-key"]],
        ["the caller's own key", { ...key("a"), key: pulumi.secret("brought") } as Credential, { key: "brought" }, []],
        [
            "the generated secret of tokens",
            { id: "a", method: "jwt", algorithm: "HS256" },
            { key: "alpa-auth_lab.a", algorithm: "HS256", secret: JWT_SECRET },
            ["lab.a-jwt-secret"],
        ],
        [
            "a public key, and nothing secret",
            { id: "a", method: "jwt", algorithm: "RS256", publicKey: PUBLIC_KEY },
            { key: "alpa-auth_lab.a", algorithm: "RS256", public_key: PUBLIC_KEY },
            [],
        ],
    ];
    for (const [what, credential, material, generated] of materials)
        it(`puts ${what} into the Secret, and nothing else`, async () => {
            const seen = await record(() => build(caller(credential)));
            const secret = oneOfKind(seen, "Secret", "lab.a");
            assert.deepEqual(textsOf(secret), material);
            assert.equal(secret.inputs.metadata.namespace, "alpa-auth");
            assert.deepEqual(
                seen.filter((r) => r.type === SALT).map((r) => r.name),
                generated,
            );
        });

    it("records the keys that callers have brought, encrypted, before any credential has a Secret", async () => {
        const brought = [
            { id: "2026a", digest: pulumi.secret("digest") },
            { id: "old", digest: pulumi.secret("ended"), readmit: "revocation-0123abcd" },
        ];
        const seen = await record(() => build({ ...lab, brought }));
        const memory = one(seen, MEMORY);
        const { declared, readmit } = inputsOf(memory, (value) => ({ secret: value }));
        assert.deepEqual(declared, { secret: { "lab/2026a": "digest", "lab/old": "ended" } });
        assert.deepEqual(readmit, { "lab/old": "revocation-0123abcd" });
        assert.ok(comesAfter(seen, oneOfKind(seen, "Secret", "lab.2026a"), memory));
    });

    it("creates keys, then Secrets, then the Consumer, and returns what every gateway pod must apply", async () => {
        let built: Consumers;
        const seen = await record(() => (built = build(lab)));
        const consumer = oneOfKind(seen, "Consumer", "lab");
        for (const id of ["2026a", "2026b"]) {
            const secret = oneOfKind(seen, "Secret", `lab.${id}`);
            assert.ok(comesAfter(seen, secret, one(seen, SALT, `lab.${id}-key`)), id);
            assert.ok(comesAfter(seen, consumer, secret), id);
        }
        assert.equal(await value(pulumi.output(built!.served.generations.lab)), 1);
        assert.deepEqual(Object.keys(await value(pulumi.output(built!.served.materials))), ["lab"]);
    });

    it("deletes the Consumer, then verifies that its credentials are rejected, then deletes their Secrets", async () => {
        const seen = await record(() => build(lab));
        const proof = one(seen, REVOKED);
        assert.deepEqual(proof.inputs.credentials, { "lab/2026a": "lab.2026a", "lab/2026b": "lab.2026b" });
        // Pulumi deletes in the reverse order.
        assert.ok(comesAfter(seen, oneOfKind(seen, "Consumer", "lab"), proof));
        for (const id of ["2026a", "2026b"])
            assert.ok(comesAfter(seen, proof, oneOfKind(seen, "Secret", `lab.${id}`)), id);
    });

    it("outputs keys and secrets by consumer and credential, as secrets", async () => {
        let built: Consumers | undefined;
        await record(() => (built = build(caller(key("a"), { id: "t", method: "jwt", algorithm: "HS256" }))));
        assert.deepEqual([Object.keys(built!.keys), Object.keys(built!.jwtSecrets)], [["lab/a"], ["lab/t"]]);
        for (const [output, text] of [
            [built!.keys["lab/a"], KEY],
            [built!.jwtSecrets["lab/t"], JWT_SECRET],
        ] as const) {
            assert.equal(await value(output), text);
            assert.equal(await pulumi.isSecret(output), true);
        }
    });

    it("revokes exactly one credential when one is removed", async () => {
        const before = await record(() => build(lab));
        const after = await record(() => build(caller(key("2026b"))));
        const names = (seen: typeof before) => seen.map((r) => `${r.type} ${r.name}`);
        const gone = names(before).filter((n) => !names(after).includes(n));
        assert.deepEqual(gone.sort(), ["kubernetes:core/v1:Secret lab.2026a-secret", `${SALT} lab.2026a-key`]);
        const kept = (seen: typeof before) => seen.find((r) => r.name === "lab.2026b-secret");
        assert.deepEqual(kept(after), kept(before));
    });

    it("treats another name as another caller: nothing of the old one stays", async () => {
        const names = async (name: string) =>
            (await record(() => build({ ...lab, name }))).map((r) => `${r.type} ${r.name}`);
        const [before, after] = [await names("lab"), await names("lab-two")];
        assert.deepEqual(
            before.filter((n) => after.includes(n)),
            ["test:Parent alpa", `${SEED} seed`, `${MEMORY} revocations`, `${REVOKED} alpa-consumers-revoked`],
        );
    });

    it("keeps a caller without credentials as a consumer that cannot authenticate", async () => {
        const seen = await record(() => build(caller()));
        assert.deepEqual(oneOfKind(seen, "Consumer").inputs.spec.credentials, []);
    });

    it("keeps the kubeconfig and the callers' own keys secret in every resource that gets them", async () => {
        const brought = { ...key("a"), key: pulumi.secret("s3cret-brought") } as Credential;
        const cluster = { kubeconfig: pulumi.secret("s3cret-kubeconfig") };
        const seen = await record(() => build(caller(brought), { cluster }));
        for (const r of seen)
            assert.doesNotMatch(JSON.stringify(inputsOf(r)), /s3cret|czNjcmV0/, `${r.type} ${r.name}`);
        assert.match(JSON.stringify(one(seen, REVOKED).inputs), /s3cret/);
    });
});

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
