// Proves what the TypeScript client refuses before anything is sent: every problem at once, and none with a secret in it; and
// that it reads the environment and what `ops consumer handout` writes.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiKey, Client, Jwt, ServiceToken, type ClientOptions } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { NAMES } from "../../../client/typescript/src/environment";
import { ConfigurationError, ExpiredCredentialError } from "../../../client/typescript/src/errors";
import { readCredentialsFile } from "../../../client/typescript/src/credentials-file";
import { renderHandout, type Handout } from "../../../ops/consumer/lines";
import { PRIVATE_KEY, PUBLIC_KEY } from "./kit";

const KEY = "S3CRET-that-nobody-may-see";
const token = (header: object, payload: object) =>
    [header, payload, "S3CRET"].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
const far = { exp: 4_000_000_000 };
const pem = (type: "rsa" | "ec", options: object, more: object = {}) =>
    (generateKeyPairSync as any)(type, options)
        .privateKey.export({ format: "pem", type: "pkcs8", ...more })
        .toString() as string;

function problems(make: () => unknown): string[] {
    try {
        make();
    } catch (error) {
        assert.ok(error instanceof ConfigurationError, String(error));
        assert.doesNotMatch(`${error.stack}`, /S3CRET|PRIVATE KEY-----\n/);
        for (const problem of error.problems) assert.match(problem, /^[^:]+: .* \(.*\)\. [A-Z].*[^ ]$/);
        return error.problems;
    }
    assert.fail("nothing was refused");
}

describe("TypeScript client refuses", () => {
    const refused: [why: string, make: () => unknown, problem: RegExp][] = [
        [
            "auth and Alpa's own key",
            () => new Client({ url: "https://a.example", auth: new ApiKey(KEY), apiKey: KEY }),
            /^auth: must be the only credential/,
        ],
        ["auth without an address", () => new Client({ auth: new ApiKey(KEY) }), /^url: must be given with auth/],
        [
            "an address with a query",
            () => new Client({ url: `https://a.example/alpa?apikey=${KEY}` }),
            /^url: must not have a query/,
        ],
        [
            "an address with an empty query",
            () => new Client({ url: "https://a.example/alpa?" }),
            /^url: must not have a query/,
        ],
        [
            "an address with a fragment",
            () => new Client({ url: "https://a.example/alpa#x" }),
            /^url: must not have a fragment/,
        ],
        [
            "an address with a password",
            () => new Client({ url: `https://me:${KEY}@a.example/alpa` }),
            /^url: must not hold a name or password/,
        ],
        [
            "an address with a line break",
            () => new Client({ url: "https://a.example/alpa\n" }),
            /^url: must be an address/,
        ],
        [
            "an address that goes up",
            () => new Client({ url: "https://a.example/alpa/%2e./x" }),
            /^url: must not have \. or \.\./,
        ],
        ["another protocol", () => new Client({ url: "ftp://a.example" }), /^url: must be an address/],
        ["no address", () => new Client({ url: "a.example/alpa" }), /^url: must be an address/],
        [
            "a credential over plain HTTP",
            () => new Client({ url: "http://10.0.0.1/alpa", auth: new ApiKey(KEY) }),
            /^url: must be https where a credential/,
        ],
        [
            "Alpa's own key over plain HTTP",
            () => new Client({ url: "http://a.example", apiKey: KEY }),
            /^url: must be https where a credential/,
        ],
        [
            "a number as auth",
            () => new Client({ url: "https://a.example", auth: 1 as never }),
            /^auth: must be an ApiKey/,
        ],
        ["no time at all", () => new Client({ answerTimeoutSeconds: 0 }), /^answerTimeoutSeconds: must be a number/],
        ["no attempt", () => new Client({ maxAttempts: 0 }), /^maxAttempts: must be a whole number/],
        ["half an attempt", () => new Client({ maxAttempts: 1.5 }), /^maxAttempts: must be a whole number/],
        ["a wait that is no number", () => new Client({ maxWaitSeconds: NaN }), /^maxWaitSeconds: must be a number/],
        ["an empty key", () => new ApiKey(""), /^ApiKey: must be a text that is not empty/],
        ["a key with a line break at its end", () => new ApiKey(`${KEY}\n`), /^ApiKey: must be one line/],
        ["a key that brings a header along", () => new ApiKey(`${KEY}\r\nX-A: b`), /^ApiKey: must be one line/],
        ["a key with other letters", () => new ApiKey(`${KEY}ü`), /^ApiKey: must be of visible ASCII/],
        ["a key with a blank before it", () => new ApiKey(` ${KEY}`), /^ApiKey: must not begin or end/],
        [
            "half a service token",
            () => new ServiceToken({ clientId: "i", clientSecret: undefined as never }),
            /^ServiceToken.clientSecret: must be a text/,
        ],
        [
            "a service token with a line break",
            () => new ServiceToken({ clientId: "i", clientSecret: `${KEY}\n` }),
            /^ServiceToken.clientSecret: must be one line/,
        ],
        [
            "a header that is none",
            () => new ServiceToken({ clientId: "i", clientSecret: KEY, header: "a b" }),
            /^ServiceToken.header: must be the name/,
        ],
        [
            "a header of HTTP itself",
            () => new ServiceToken({ clientId: "i", clientSecret: KEY, header: "Host" }),
            /^ServiceToken.header: must be a header for credentials/,
        ],
        ["a token that is none", () => new Jwt({ token: KEY }), /^Jwt.token: must be a token: three parts/],
        [
            "a token with Bearer before it",
            () => new Jwt({ token: `Bearer ${token({ alg: "HS256" }, far)}` }),
            /^Jwt.token: must be a token/,
        ],
        [
            "a token with a line break",
            () => new Jwt({ token: `${token({ alg: "HS256" }, far)}\n` }),
            /^Jwt.token: must be one line/,
        ],
        [
            "a token without a signature's algorithm",
            () => new Jwt({ token: token({ alg: "none" }, far) }),
            /^Jwt.token: must be signed with a known algorithm/,
        ],
        [
            "a token without an end",
            () => new Jwt({ token: token({ alg: "HS256" }, {}) }),
            /^Jwt.token: must have an end/,
        ],
        [
            "a token and a secret",
            () => new Jwt({ token: token({ alg: "HS256" }, far), secret: KEY } as never),
            /^Jwt: must have exactly one/,
        ],
        ["nothing to sign with", () => new Jwt({ key: "k" } as never), /^Jwt: must have exactly one/],
        ["an empty secret", () => new Jwt({ key: "k", secret: "" }), /^Jwt.secret: must be a text/],
        [
            "a secret with a line break",
            () => new Jwt({ key: "k", secret: `${KEY}\n` }),
            /^Jwt.secret: must have no blank/,
        ],
        ["no claim", () => new Jwt({ key: "", secret: KEY }), /^Jwt.key: must be the value/],
        [
            "another algorithm with a secret",
            () => new Jwt({ key: "k", secret: KEY, algorithm: "HS512" } as never),
            /^Jwt.algorithm: must be HS256/,
        ],
        [
            "an unknown algorithm",
            () => new Jwt({ key: "k", privateKey: PRIVATE_KEY, algorithm: "RS1" as never }),
            /^Jwt.algorithm: must be one of/,
        ],
        [
            "a life that is too short",
            () => new Jwt({ key: "k", secret: KEY, lifetimeSeconds: 119 }),
            /^Jwt.lifetimeSeconds: must be a whole number/,
        ],
        [
            "claims that are set here",
            () => new Jwt({ key: "k", secret: KEY, claims: { exp: 1 } }),
            /^Jwt.claims: must not have exp/,
        ],
        [
            "a broken PEM",
            () => new Jwt({ key: "k", privateKey: PRIVATE_KEY.slice(0, 200) }),
            /^Jwt.privateKey: must be a private key in PEM form/,
        ],
        [
            "no PEM",
            () => new Jwt({ key: "k", privateKey: "key.pem" }),
            /^Jwt.privateKey: must be a private key in PEM form/,
        ],
        [
            "the public key",
            () => new Jwt({ key: "k", privateKey: PUBLIC_KEY }),
            /^Jwt.privateKey: must be the private key/,
        ],
        [
            "a key with a passphrase",
            () =>
                new Jwt({
                    key: "k",
                    privateKey: pem("ec", { namedCurve: "P-256" }, { cipher: "aes-256-cbc", passphrase: "x" }),
                }),
            /^Jwt.privateKey: must be without a passphrase/,
        ],
        [
            "a short RSA key",
            () => new Jwt({ key: "k", privateKey: pem("rsa", { modulusLength: 1024 }) }),
            /^Jwt.privateKey: must have at least 2048 bits/,
        ],
        [
            "a key of another kind",
            () => new Jwt({ key: "k", privateKey: pem("ec", { namedCurve: "P-256" }) }),
            /^Jwt.privateKey: must be an RSA key/,
        ],
        [
            "a key on another curve",
            () => new Jwt({ key: "k", algorithm: "ES256", privateKey: pem("ec", { namedCurve: "P-384" }) }),
            /^Jwt.privateKey: must be a key on the curve P-256/,
        ],
    ];
    for (const [why, make, problem] of refused)
        it(why, () => {
            const found = problems(make);
            assert.equal(found.length, 1, found.join("\n"));
            assert.match(found[0], problem);
        });

    it("a token that is over", () => {
        const over = token({ alg: "HS256" }, { exp: 1_700_000_000 });
        assert.throws(
            () => new Jwt({ token: over }),
            (error: Error) => error instanceof ExpiredCredentialError && /2023-11-14T22:13:20Z/.test(error.message),
        );
    });

    it("everything that is wrong, at once", () => {
        const found = problems(
            () => new Client({ url: "http://u:p@a.example/?x#y", auth: new ApiKey(KEY), apiKey: "k", maxAttempts: 0 }),
        );
        assert.equal(found.length, 5, found.join("\n"));
    });

    it("a call without time for its answer", async () => {
        await assert.rejects(new Client().completions("a", { answerTimeoutSeconds: -1 }), ConfigurationError);
    });
});

describe("TypeScript client takes", () => {
    const taken: [what: string, options: ClientOptions][] = [
        ["nothing, as Alpa's client", {}],
        ["plain HTTP on this host with a credential", { url: "http://127.0.0.1:1/alpa/", auth: new ApiKey(KEY) }],
        ["plain HTTP on this host by IPv6", { url: "http://[::1]:1", auth: new ApiKey(KEY) }],
        ["plain HTTP without a credential", { url: "http://10.0.0.1/alpa" }],
        [
            "keys of ES256 and EdDSA",
            {
                url: "https://a.example",
                auth: new Jwt({ key: "k", algorithm: "ES256", privateKey: pem("ec", { namedCurve: "P-256" }) }),
            },
        ],
    ];
    for (const [what, options] of taken) it(what, () => void new Client(options));

    it("plain HTTP to another host where it is allowed, and warns", async () => {
        const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
        new Client({ url: "http://10.0.0.1/alpa", auth: new ApiKey(KEY), allowHttp: true });
        assert.match((await warned).message, /goes over plain HTTP to http:\/\/10\.0\.0\.1\/alpa/);
    });
});

describe("TypeScript client and docs/clients.md", () => {
    const page = readFileSync(join(__dirname, "../../../docs/clients.md"), "utf8");
    const listed = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, name]) => name).sort();

    it("have the same errors", () => {
        const kinds = Object.keys(errors).filter((name) => name !== "AlpaClientError");
        assert.deepEqual(listed(/^\| `(\w+Error)`/gm), kinds.sort());
        for (const kind of Object.values(errors)) assert.ok(kind.prototype instanceof Error);
    });

    it("have the same variables", () => assert.deepEqual(listed(/^\| `(ALPA_\w+)`/gm), [...NAMES].sort()));
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
            "a file beside an address",
            { ...URL, ALPA_CREDENTIALS_FILE: keyPage },
            /^ALPA_CREDENTIALS_FILE: must stand without ALPA_URL/,
        ],
        [
            "a time that is none",
            { ...URL, ALPA_ANSWER_TIMEOUT_SECONDS: "1m" },
            /^ALPA_ANSWER_TIMEOUT_SECONDS: must be a number/,
        ],
        ["something else for 1", { ...URL, ALPA_ALLOW_HTTP: "yes" }, /^ALPA_ALLOW_HTTP: must be 1 or 0/],
    ];
    for (const [what, environment, problem] of refused)
        it(`refuses ${what}`, () => {
            const found = problems(() => Client.fromEnv({}, environment));
            assert.equal(found.length, 1, found.join("\n"));
            assert.match(found[0], problem);
        });

    it("prefers what it is given", () => {
        const client = Client.fromEnv({ url: "https://other.example" }, { ...URL, ALPA_API_KEY: KEY });
        assert.equal(String(client), "Client(https://other.example, ApiKey(***))");
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

    it("refuses a handout that is over, encrypted, of a pair of keys without its private one, or none", () => {
        const key: Handout["credential"] = { method: "key", key: KEY };
        const over = file("over.md", page(key, "2020-01-01"));
        assert.throws(() => Client.fromCredentialsFile(over), ExpiredCredentialError);
        const read = (text: string, options = {}) =>
            problems(() => Client.fromCredentialsFile(file("other.md", text), options));
        assert.match(read("age-encryption.org/v1\n")[0], /must be decrypted/);
        assert.match(read(page({ method: "jwt", algorithm: "RS256", claim: "c" }))[0], /needs your private key/);
        assert.match(read(page(key), { privateKey: PRIVATE_KEY })[0], /must be of a pair of keys/);
        assert.match(read("KEY=x")[0], /must be a page of `ops consumer handout`/);
        assert.match(problems(() => Client.fromCredentialsFile("/none"))[0], /ENOENT/);
    });
});
