// Proves which settings the TypeScript client rejects before anything is sent: all problems in one error, without secrets.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { ApiKey, Client, Jwt, ServiceToken, type ClientOptions } from "../../../client/typescript/src/index";
import { ConfigurationError, ExpiredCredentialError } from "../../../client/typescript/src/errors";
import { PRIVATE_KEY, PUBLIC_KEY } from "./kit";
import { far, KEY, problems, token } from "./typescript-problems";

const pem = (type: "rsa" | "ec" | "ed25519", options: object, more: object = {}) =>
    (generateKeyPairSync as any)(type, options)
        .privateKey.export({ format: "pem", type: "pkcs8", ...more })
        .toString() as string;

describe("TypeScript client rejects", () => {
    const refused: [why: string, make: () => unknown, problem: RegExp][] = [
        [
            "auth and Alpa's own key",
            () => new Client({ url: "https://a.example", auth: new ApiKey(KEY), apiKey: KEY }),
            /^auth: must be the only credential/,
        ],
        [
            "auth at the address of Alpa's own client",
            () => new Client({ url: "https://api.alpa.ai/", auth: new ApiKey(KEY) }),
            /^url: must be given with auth \(it is that of Alpa's own client\)/,
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
            /^url: must not contain a user name or password/,
        ],
        [
            "an address with a line break",
            () => new Client({ url: "https://a.example/alpa\n" }),
            /^url: must be an address/,
        ],
        [
            "an address with .. in its path",
            () => new Client({ url: "https://a.example/alpa/%2e./x" }),
            /^url: must not have \. or \.\./,
        ],
        [
            "two slashes",
            () => new Client({ url: "https://a.example/alpa//v1" }),
            /^url: must not have \/\/ in its path/,
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
            "an empty key of Alpa's own",
            () => new Client({ url: "https://a.example", apiKey: "" }),
            /^apiKey: must be a non-empty string \(got an empty string\)/,
        ],
        [
            "a number as auth",
            () => new Client({ url: "https://a.example", auth: 1 as never }),
            /^auth: must be an ApiKey/,
        ],
        ["a timeout of zero", () => new Client({ answerTimeoutSeconds: 0 }), /^answerTimeoutSeconds: must be a number/],
        ["no attempt", () => new Client({ maxAttempts: 0 }), /^maxAttempts: must be a whole number/],
        ["half an attempt", () => new Client({ maxAttempts: 1.5 }), /^maxAttempts: must be a whole number/],
        ["a wait that is not a number", () => new Client({ maxWaitSeconds: NaN }), /^maxWaitSeconds: must be a number/],
        ["an empty key", () => new ApiKey(""), /^ApiKey: must be a non-empty string/],
        ["a key with a line break at its end", () => new ApiKey(`${KEY}\n`), /^ApiKey: must be one line/],
        ["a key that would add a header", () => new ApiKey(`${KEY}\r\nX-A: b`), /^ApiKey: must be one line/],
        ["a key with non-ASCII letters", () => new ApiKey(`${KEY}ü`), /^ApiKey: must be of visible ASCII/],
        ["a key with a space before it", () => new ApiKey(` ${KEY}`), /^ApiKey: must not begin or end/],
        [
            "half a service token",
            () => new ServiceToken({ clientId: "i", clientSecret: undefined as never }),
            /^ServiceToken.clientSecret: must be a non-empty string/,
        ],
        [
            "a service token with a line break",
            () => new ServiceToken({ clientId: "i", clientSecret: `${KEY}\n` }),
            /^ServiceToken.clientSecret: must be one line/,
        ],
        [
            "an invalid header name",
            () => new ServiceToken({ clientId: "i", clientSecret: KEY, header: "a b" }),
            /^ServiceToken.header: must be the name/,
        ],
        [
            "a header of HTTP itself",
            () => new ServiceToken({ clientId: "i", clientSecret: KEY, header: "Host" }),
            /^ServiceToken.header: must be a header for credentials/,
        ],
        ["a token that is not a JWT", () => new Jwt({ token: KEY }), /^Jwt.token: must be a token: three parts/],
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
            /^Jwt.token: must be signed with HS256, RS256, ES256, EdDSA \(got "none"\)/,
        ],
        [
            "a token with an algorithm that the gateway does not accept",
            () => new Jwt({ token: token({ alg: "PS512" }, far) }),
            /^Jwt.token: must be signed with HS256, RS256, ES256, EdDSA \(got "PS512"\)/,
        ],
        ["a token without an end", () => new Jwt({ token: token({ alg: "HS256" }, {}) }), /^Jwt.token: must expire/],
        [
            "a token and a secret",
            () => new Jwt({ token: token({ alg: "HS256" }, far), secret: KEY } as never),
            /^Jwt: must have exactly one/,
        ],
        ["no key or secret to sign with", () => new Jwt({ key: "k" } as never), /^Jwt: must have exactly one/],
        ["an empty secret", () => new Jwt({ key: "k", secret: "" }), /^Jwt.secret: must be a non-empty string/],
        [
            "a secret with a line break",
            () => new Jwt({ key: "k", secret: `${KEY}\n` }),
            /^Jwt.secret: must have no blank/,
        ],
        [
            "a key in PEM as a secret",
            () => new Jwt({ key: "k", secret: PUBLIC_KEY.trim() }),
            /^Jwt.secret: must be a shared secret \(it is a key in PEM\)/,
        ],
        [
            "a claim with a line break",
            () => new Jwt({ key: "ns_a.b\n", secret: KEY }),
            /^Jwt.key: must have no blank or line break/,
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
            "a lifetime that is too short",
            () => new Jwt({ key: "k", secret: KEY, lifetimeSeconds: 119 }),
            /^Jwt.lifetimeSeconds: must be a whole number/,
        ],
        [
            "claims that the client sets",
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
            "a key that is not Ed25519 for EdDSA",
            () => new Jwt({ key: "k", algorithm: "EdDSA", privateKey: PRIVATE_KEY }),
            /^Jwt.privateKey: must be an Ed25519 key/,
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

    it("an expired token", () => {
        const over = token({ alg: "HS256" }, { exp: 1_700_000_000 });
        assert.throws(
            () => new Jwt({ token: over }),
            (error: Error) => error instanceof ExpiredCredentialError && /2023-11-14T22:13:20Z/.test(error.message),
        );
    });

    it("several problems in one error", () => {
        const found = problems(
            () => new Client({ url: "http://u:p@a.example/?x#y", auth: new ApiKey(KEY), apiKey: "k", maxAttempts: 0 }),
        );
        assert.equal(found.length, 5, found.join("\n"));
    });

    it("a call with a timeout of zero", async () => {
        await assert.rejects(new Client().completions("a", { answerTimeoutSeconds: -1 }), ConfigurationError);
    });
});

describe("TypeScript client accepts", () => {
    const taken: [what: string, options: ClientOptions][] = [
        ["nothing, as Alpa's client", {}],
        ["plain HTTP on this host with a credential", { url: "http://127.0.0.1:1/alpa/", auth: new ApiKey(KEY) }],
        ["plain HTTP on this host by IPv6", { url: "http://[::1]:1", auth: new ApiKey(KEY) }],
        ["plain HTTP without a credential", { url: "http://10.0.0.1/alpa" }],
        [
            "a key of EdDSA",
            {
                url: "https://a.example",
                auth: new Jwt({ key: "k", algorithm: "EdDSA", privateKey: pem("ed25519", {}) }),
            },
        ],
        [
            "a key of ES256",
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
