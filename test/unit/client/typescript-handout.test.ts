// Proves that the file of `ops consumer handout` is all that a TypeScript client needs: for each kind of credential, with the
// emulators of the gateway and of the edge. A fake Pulumi answers from memory.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { armor, Decrypter, generateIdentity, identityToRecipient } from "age-encryption";
import { stringify } from "yaml";
import { Client, type FileOptions } from "../../../client/typescript/src/index";
import { ConfigurationError } from "../../../client/typescript/src/errors";
import { World } from "../../../sandbox/test/cloudflare/edge/kit";
import { addRecord, addZone } from "../../../sandbox/test/cloudflare/edge/objects";
import { bench } from "../ops/kit";
import { claim, KEY, NAMESPACE, PRIVATE_KEY, PUBLIC_KEY, SECRET, startService, type Service } from "./kit";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const pem = (key: typeof ec.privateKey) => key.export({ format: "pem", type: "pkcs8" }).toString();
const publicPem = (key: typeof ec.publicKey) => key.export({ format: "pem", type: "spki" }).toString();

const CREDENTIALS = [
    { id: "key", method: "key", expires: "2099-01-31" },
    { id: "hs", method: "jwt", algorithm: "HS256" },
    { id: "rs", method: "jwt", algorithm: "RS256", publicKey: PUBLIC_KEY },
    { id: "es", method: "jwt", algorithm: "ES256", publicKey: publicPem(ec.publicKey) },
    { id: "ed", method: "jwt", algorithm: "EdDSA", publicKey: publicPem(ed.publicKey) },
];

describe("TypeScript client and the file of `ops consumer handout`", () => {
    let service: Service;
    before(async () => {
        service = await startService();
        await service.consumer(`${NAMESPACE}_team`, {
            es: { "jwt-auth": { key: claim("es"), algorithm: "ES256", public_key: publicPem(ec.publicKey) } },
            ed: { "jwt-auth": { key: claim("ed"), algorithm: "EdDSA", public_key: publicPem(ed.publicKey) } },
        });
    });
    after(() => service.close());

    /** The file as the command writes it. */
    async function handedOut(id: string, ...more: string[]): Promise<string> {
        const consumers = [{ name: "team", credentials: CREDENTIALS }];
        const config = { "alpa-auth:option": "intra-a", "alpa-auth:consumers": consumers };
        const outputs = { url: service.url, credentials: { "team/key": KEY }, jwtSecrets: { "team/hs": SECRET } };
        const { ops, folder } = bench({ text: stringify({ config }), outputs });
        const file = join(folder, `for-team-${id}.md`);
        const { code, note } = await ops("consumer", "handout", "team", id, "--out", file, ...more);
        assert.equal(code, 0, note);
        return file;
    }

    const kinds: [id: string, options: FileOptions][] = [
        ["key", {}],
        ["hs", {}],
        ["rs", { privateKey: PRIVATE_KEY }],
        ["es", { privateKey: pem(ec.privateKey) }],
        ["ed", { privateKey: pem(ed.privateKey) }],
    ];
    for (const [id, options] of kinds)
        it(`calls both methods with that of ${id} and ${options.privateKey ? "the private key" : "nothing else"}`, async () => {
            const client = Client.fromCredentialsFile(await handedOut(id), options);
            assert.equal((await client.completions("Paris is", { maxTokens: 8 })).choices[0].text, "Paris is one two");
            assert.equal((await client.logprobs([[5, 6, 7]], { topK: 3 })).indices[0].length, 3);
        });

    it("calls with a variable for the file, and one for the private key", async () => {
        const key = Client.fromEnv({}, { ALPA_CREDENTIALS_FILE: await handedOut("key") });
        assert.equal((await key.completions("Paris is")).choices.length, 1);
        const file = await handedOut("rs");
        writeFileSync(`${file}.pem`, PRIVATE_KEY);
        const variables = { ALPA_CREDENTIALS_FILE: file, ALPA_JWT_PRIVATE_KEY_FILE: `${file}.pem` };
        assert.equal((await Client.fromEnv({}, variables).completions("Paris is")).choices.length, 1);
    });

    it("reports that an encrypted one must be decrypted, and reads the decrypted one", async () => {
        const identity = await generateIdentity();
        const file = await handedOut("key", "--recipient", await identityToRecipient(identity));
        assert.throws(
            () => Client.fromCredentialsFile(file),
            (error) =>
                error instanceof ConfigurationError && /must be decrypted .* Run: age --decrypt/.test(error.message),
        );
        const decrypter = new Decrypter();
        decrypter.addIdentity(identity);
        writeFileSync(`${file}.plain`, await decrypter.decrypt(armor.decode(readFileSync(file, "utf8")), "text"));
        const client = Client.fromCredentialsFile(`${file}.plain`);
        assert.equal((await client.completions("Paris is")).choices.length, 1);
    });

    it("calls through the edge with the file of a service token", async () => {
        const world = await World.start();
        try {
            const zone = addZone(world.account, "localhost");
            addRecord(world.account, zone, "localhost", `${world.tunnel.id}.cfargotunnel.com`);
            await world.connect();
            world.respond = (_, answer) => answer.end('{"choices":[{"text":"Paris is one"}]}');
            const token = world.token();
            const policy = world.policy("non_identity", [{ service_token: { token_id: token.id } }]);
            world.application([policy], { domain: "localhost" });
            const consumers = [{ name: "lab", credentials: [{ id: "edge", method: "service-token" }] }];
            const config = { "alpa-auth:option": "cloudflare", "alpa-auth:consumers": consumers };
            const pair = { clientId: token.client_id, clientSecret: token.client_secret };
            const url = `http://localhost:${world.edge.port}`;
            const { ops, folder } = bench({
                text: stringify({ config }),
                outputs: { url, credentials: { "lab/edge": pair } },
            });
            const file = join(folder, "for-lab.md");
            const { code, note } = await ops("consumer", "handout", "lab", "edge", "--out", file);
            assert.equal(code, 0, note);
            const { choices } = await Client.fromCredentialsFile(file).completions("Paris is");
            assert.equal(choices[0].text, "Paris is one");
        } finally {
            await world.close();
        }
    });
});
