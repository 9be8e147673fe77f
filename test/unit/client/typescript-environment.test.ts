// Proves that the TypeScript client reads the variables that docs/call/README.md lists, and the files of
// `ops consumer handout`.
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../../../client/typescript/src/index";
import { readCredentialsFile } from "../../../client/typescript/src/credentials-file";
import { NAMES } from "../../../client/typescript/src/environment";
import * as errors from "../../../client/typescript/src/errors";
import { renderHandout, type Handout } from "../../../ops/consumer/handouts/text";
import { PRIVATE_KEY } from "./kit";
import { far, KEY, problems, token } from "./typescript-problems";

describe("TypeScript client and docs/call/README.md", () => {
    const page = readFileSync(join(__dirname, "../../../docs/call/README.md"), "utf8");
    const listed = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, name]) => name).sort();

    it("have the same errors", () => {
        const kinds = Object.keys(errors).filter((name) => name !== "AlpaClientError");
        assert.deepEqual(listed(/^- `(\w+Error)`/gm), kinds.sort());
        for (const kind of Object.values(errors)) assert.ok(kind.prototype instanceof Error);
    });

    it("have the same variables", () => assert.deepEqual(listed(/^- `(ALPA_\w+)`/gm), [...NAMES].sort()));
});

describe("TypeScript client from the environment", () => {
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-client-"));
    after(() => rmSync(folder, { recursive: true }));
    const file = (name: string, text: string) => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
    };
    const page = (credential: Handout["credential"], expires?: string): string =>
        renderHandout({
            who: "team/2026a",
            url: "https://api.example.com/alpa",
            expires,
            answerTimeoutSeconds: 600,
            credential,
        });
    const URL = { ALPA_URL: "https://api.example.com/alpa" };
    const shown = (environment: Record<string, string>) => String(Client.fromEnv({}, environment));
    const pemFile = file("private.pem", PRIVATE_KEY);
    const keyPage = file("key.md", page({ method: "key", key: KEY }));

    const ways: [string, Record<string, string>, string][] = [
        ["no credential", URL, "no credential"],
        ["a key", { ...URL, ALPA_API_KEY: KEY }, "ApiKey(***)"],
        ["a token", { ...URL, ALPA_JWT: token({ alg: "RS256" }, far) }, "Jwt(***)"],
        ["a secret", { ...URL, ALPA_JWT_KEY: "k", ALPA_JWT_SECRET: KEY }, "Jwt(***)"],
        [
            "a private key",
            { ...URL, ALPA_JWT_KEY: "k", ALPA_JWT_PRIVATE_KEY_FILE: pemFile, ALPA_JWT_ALGORITHM: "RS256" },
            "Jwt(***)",
        ],
        [
            "a service token",
            { ...URL, ALPA_ACCESS_CLIENT_ID: "i", ALPA_ACCESS_CLIENT_SECRET: KEY, ALPA_ACCESS_HEADER: "Authorization" },
            "ServiceToken(***)",
        ],
        [
            "a handout",
            { ALPA_CREDENTIALS_FILE: keyPage, ALPA_ANSWER_TIMEOUT_SECONDS: "30", ALPA_ALLOW_HTTP: "0" },
            "ApiKey(***)",
        ],
    ];
    for (const [what, environment, credential] of ways)
        it(`reads ${what}`, () =>
            assert.equal(shown(environment), `Client(https://api.example.com/alpa, ${credential})`));

    const refused: [string, Record<string, string>, RegExp][] = [
        ["nothing", {}, /^ALPA_URL: must be set/],
        ["an empty variable", { ...URL, ALPA_API_KEY: "" }, /^ALPA_API_KEY: must not be empty/],
        ["two ways", { ...URL, ALPA_API_KEY: KEY, ALPA_JWT: KEY }, /^ALPA_API_KEY, ALPA_JWT: must be one way/],
        [
            "half a service token",
            { ...URL, ALPA_ACCESS_CLIENT_ID: "i" },
            /^ALPA_ACCESS_CLIENT_SECRET: must be set with/,
        ],
        ["a secret without its claim", { ...URL, ALPA_JWT_SECRET: KEY }, /^ALPA_JWT_KEY: must be set with/],
        [
            "a missing file",
            { ...URL, ALPA_JWT_KEY: "k", ALPA_JWT_PRIVATE_KEY_FILE: "/none" },
            /^ALPA_JWT_PRIVATE_KEY_FILE: .*ENOENT/,
        ],
        [
            "a private key instead of a file name, which it does not repeat",
            { ...URL, ALPA_JWT_KEY: "k", ALPA_JWT_PRIVATE_KEY_FILE: "-----BEGIN PRIVATE KEY-----\nMC4C" },
            /^ALPA_JWT_PRIVATE_KEY_FILE: must be the name of a file \(it is the content of one\)[^\n]*$/,
        ],
        [
            "a credentials file together with an address",
            { ...URL, ALPA_CREDENTIALS_FILE: keyPage },
            /^ALPA_CREDENTIALS_FILE: must be set without ALPA_URL/,
        ],
        [
            "an invalid number of seconds",
            { ...URL, ALPA_ANSWER_TIMEOUT_SECONDS: "1m" },
            /^ALPA_ANSWER_TIMEOUT_SECONDS: must be a number/,
        ],
        ["a value other than 1 or 0", { ...URL, ALPA_ALLOW_HTTP: "yes" }, /^ALPA_ALLOW_HTTP: must be 1 or 0/],
    ];
    for (const [what, environment, problem] of refused)
        it(`rejects ${what}`, () => {
            const found = problems(() => Client.fromEnv({}, environment));
            assert.equal(found.length, 1, found.join("\n"));
            assert.match(found[0], problem);
        });

    it("prefers its options", () => {
        const client = Client.fromEnv({ url: "https://other.example" }, { ...URL, ALPA_API_KEY: KEY });
        assert.equal(String(client), "Client(https://other.example, ApiKey(***))");
    });

    it("requires no variable when the options have an address", () => {
        const client = Client.fromEnv({ url: "https://other.example" }, { ALPA_API_KEY: KEY });
        assert.equal(String(client), "Client(https://other.example, ApiKey(***))");
    });

    it("reads a handout with Windows line ends", async () => {
        const windows = page({ method: "jwt", algorithm: "HS256", claim: "ns_a.b", secret: KEY }).replaceAll(
            "\n",
            "\r\n",
        );
        const { url, answerTimeoutSeconds, auth } = readCredentialsFile(file("windows.md", windows), undefined);
        assert.deepEqual([url, answerTimeoutSeconds], ["https://api.example.com/alpa", 610]);
        assert.match((await auth!.headers()).Authorization, /^Bearer /);
    });

    const odd = "k'\"\\$`!#&;<>|*?{}()[]~%^END";
    it("reads every kind of handout", async () => {
        const read = (credential: Handout["credential"], privateKey?: string) =>
            readCredentialsFile(file("page.md", page(credential, "2099-01-01")), privateKey);
        const key = read({ method: "key", key: odd });
        assert.deepEqual([key.url, key.answerTimeoutSeconds], ["https://api.example.com/alpa", 610]);
        assert.deepEqual(await key.auth!.headers(), { apikey: odd });
        const pair = read({ method: "service-token", clientId: "i.access", clientSecret: odd });
        assert.deepEqual(await pair.auth!.headers(), {
            "CF-Access-Client-Id": "i.access",
            "CF-Access-Client-Secret": odd,
        });
        for (const jwt of [
            read({ method: "jwt", algorithm: "HS256", claim: "ns_a.b", secret: odd }),
            read({ method: "jwt", algorithm: "RS256", claim: "ns_a.b" }, PRIVATE_KEY),
        ]) {
            const [, payload] = (await jwt.auth!.headers()).Authorization.split(".");
            assert.equal(JSON.parse(Buffer.from(payload, "base64url").toString()).key, "ns_a.b");
        }
    });

    it("rejects a handout that has expired, is encrypted, needs a private key, or is no handout", () => {
        const key: Handout["credential"] = { method: "key", key: KEY };
        const over = file("over.md", page(key, "2020-01-01"));
        assert.throws(() => Client.fromCredentialsFile(over), errors.ExpiredCredentialError);
        const read = (text: string, options = {}) =>
            problems(() => Client.fromCredentialsFile(file("other.md", text), options));
        assert.match(read("age-encryption.org/v1\n")[0], /must be decrypted/);
        assert.match(read(page({ method: "jwt", algorithm: "RS256", claim: "c" }))[0], /needs your private key/);
        assert.match(read(page(key), { privateKey: PRIVATE_KEY })[0], /must be for a key pair/);
        assert.match(read("KEY=x")[0], /must be a page of `ops consumer handout`/);
        assert.match(problems(() => Client.fromCredentialsFile("/none"))[0], /ENOENT/);
    });
});
