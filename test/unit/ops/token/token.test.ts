// Proves the content of a token of `token issue` and where it is written, and the output of `token inspect`. The engine test
// proves that the gateway accepts such a token.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync } from "node:fs";
import { decodeJwt, jwtVerify, SignJWT } from "jose";
import { bench, exits, SECRETS, STACK_FILE, TODAY } from "../kit";

const ISSUE = ["token", "issue", "tokens", "hs"];
const secret = new TextEncoder().encode(SECRETS.jwt);

describe("ops token issue", () => {
    for (const [ttl, seconds] of [
        ["900", 900],
        ["30s", 30],
        ["15m", 900],
        ["24h", 86_400],
    ] as const)
        it(`signs a token for ${ttl}`, async () => {
            const { out } = await exits(0, bench().ops(...ISSUE, "--ttl", ttl));
            const { payload, protectedHeader } = await jwtVerify(out.trim(), secret, { algorithms: ["HS256"] });
            assert.deepEqual(protectedHeader, { alg: "HS256", typ: "JWT" });
            assert.deepEqual(Object.keys(payload).sort(), ["exp", "iat", "key"]);
            assert.equal(payload.key, "alpa-auth_tokens.hs");
            assert.equal(payload.exp! - payload.iat!, seconds);
            assert.ok(Math.abs(payload.iat! - Date.now() / 1000) < 60);
        });

    it("prints only the token, and writes the secret nowhere", async () => {
        const { ops, calls, folder } = bench();
        const { out, note } = await ops(...ISSUE, "--ttl", "1h");
        assert.match(out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
        assert.deepEqual(readdirSync(folder), ["Pulumi.intra.yaml"], "nothing is written");
        assert.ok(!(out + note + JSON.stringify(calls)).includes(SECRETS.jwt));
    });

    it("adds the given claims, and reads the namespace of the stack", async () => {
        const { ops } = bench({ text: STACK_FILE.replace("config:\n", "config:\n    alpa-auth:namespace: lab\n") });
        const { out } = await ops(...ISSUE, "--ttl", "60", "--claims", '{"job":"nightly"}');
        const { job, key } = decodeJwt(out.trim());
        assert.deepEqual([job, key], ["nightly", "lab_tokens.hs"]);
    });

    it("reports when the secret does not exist yet", async () => {
        const { note } = await exits(2, bench({ outputs: {} }).ops(...ISSUE, "--ttl", "60"));
        assert.match(note, /tokens\/hs: in the config, but not in the stack's outputs\. Run: pulumi up -s intra/);
    });
});

describe("ops token inspect", () => {
    const now = new Date(TODAY).getTime() / 1000;
    const token = (claims: object, alg = "HS256", key: Parameters<SignJWT["sign"]>[0] = secret) =>
        new SignJWT({ ...claims }).setProtectedHeader({ alg }).sign(key);
    const said: [what: string, claims: object, line: RegExp][] = [
        [
            "its credential and its expiry",
            { key: "alpa-auth_tokens.hs", exp: now + 7200 },
            /expiry +in 2 hours, at 2026-11-25T14:00:00Z\nkey +of tokens\/hs\n/,
        ],
        ["that it has expired", { key: "alpa-auth_tokens.hs", exp: now - 90 }, /expiry +expired 1 minute ago/],
        [
            "an expiry in milliseconds",
            { key: "alpa-auth_tokens.hs", exp: now * 1000 },
            /expiry +in \d+ days, at \+058870-07-21T00:00:00Z\n/,
        ],
        [
            "that its expiry is not a number",
            { key: "alpa-auth_tokens.hs", exp: "x" },
            /expiry +none: its claim exp is not a number, so the gateway rejects it\n/,
        ],
        [
            "an expiry that is not a time",
            { key: "alpa-auth_tokens.hs", exp: 1e17 },
            /expiry +in \d+ days, at 100000000000000000\n/,
        ],
        [
            "an nbf that is not a time",
            { key: "alpa-auth_tokens.hs", exp: now + 9, nbf: 1e17 },
            /nbf 100000000000000000: /,
        ],
        [
            "that it never expires",
            { key: "alpa-auth_tokens.hs" },
            /expiry +none: it has no claim exp, so the gateway rejects it/,
        ],
        [
            "that it is not valid yet",
            { key: "alpa-auth_tokens.hs", exp: now + 60, nbf: now + 30 },
            /in 1 minute, at 2026-11-25T12:01:00Z; nbf 2026-11-25T12:00:30Z: the gateway ignores it/,
        ],
        [
            "that no credential of the stack has this key",
            { key: "alpa-auth_x.y" },
            /key +not of a credential of this stack/,
        ],
        ["that the key is missing", { exp: now + 1 }, /key +missing: the gateway rejects/],
        [
            "that the credential has expired",
            { key: "alpa-auth_tokens.gone" },
            /key +of tokens\/gone, which expired on 2026-11-25/,
        ],
        [
            "that the credential is a key",
            { key: "alpa-auth_alice.a1" },
            /of alice\/a1, which has method key and accepts no token/,
        ],
        [
            "that the algorithm is another",
            { key: "alpa-auth_tokens.rs" },
            /of tokens\/rs, whose algorithm is RS256, not HS256/,
        ],
        ["that the signature was not checked", { key: "alpa-auth_tokens.hs" }, /signature +not checked\. Add --verify/],
    ];
    for (const [what, claims, line] of said)
        it(`says ${what}`, async () => {
            const { out } = await exits(0, bench({ stdin: `${await token(claims)}\n` }).ops("token", "inspect"));
            assert.match(out, line);
        });

    for (const before of ["Authorization: Bearer ", "authorization: bearer ", "Authorization: ", "Bearer "])
        it(`accepts the header as it is sent: ${before}…`, async () => {
            const stdin = before + (await token({ key: "alpa-auth_tokens.hs" }));
            assert.match((await bench({ stdin }).ops("token", "inspect")).out, /of tokens\/hs/);
        });

    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
    const text = STACK_FILE.replace(/publicKey: \|[^]*$/, `publicKey: ${JSON.stringify(pem)}\n`);
    const verified: [what: string, make: () => Promise<string>, code: number, line: RegExp][] = [
        ["good", () => token({ key: "alpa-auth_tokens.hs", exp: now + 9 }), 0, /signature +good/],
        ["bad", () => token({ key: "alpa-auth_tokens.hs" }, "HS256", Buffer.from("x".repeat(32))), 3, /signature +BAD/],
        [
            "good with the public key",
            () => token({ key: "alpa-auth_tokens.rs", exp: now + 9 }, "RS256", pair.privateKey),
            0,
            /signature +good/,
        ],
        // Anyone may know the public key, so a token with the public key as its HS256 secret is forged.
        [
            "bad with another algorithm",
            () => token({ key: "alpa-auth_tokens.rs" }, "HS256", Buffer.from(pem)),
            3,
            /BAD/,
        ],
        [
            "not checked for an unknown credential",
            () => token({ key: "x" }),
            3,
            /signature +not checked: the claim key names no/,
        ],
    ];
    for (const [what, make, expected, line] of verified)
        it(`--verify says that the signature is ${what}`, async () => {
            const { code, out, note } = await bench({ text, stdin: await make() }).ops("token", "inspect", "--verify");
            assert.match(out, line, note);
            assert.equal(code, expected);
        });

    const invalid: [what: string, claims: object, reasons: string][] = [
        [
            "has expired",
            { key: "alpa-auth_tokens.hs", exp: now - 90 },
            "expiry expired 1 minute ago, at 2026-11-25T11:58:30Z",
        ],
        [
            "expires in this second",
            { key: "alpa-auth_tokens.hs", exp: now },
            "expiry expired 0 seconds ago, at 2026-11-25T12:00:00Z",
        ],
        [
            "never expires",
            { key: "alpa-auth_tokens.hs" },
            "expiry none: it has no claim exp, so the gateway rejects it",
        ],
        [
            "is not valid yet",
            { key: "alpa-auth_tokens.hs", exp: now + 60, nbf: now + 30 },
            "not valid before 2026-11-25T12:00:30Z, although the gateway ignores nbf",
        ],
        [
            "has an expired credential and an expiry in the past",
            { key: "alpa-auth_tokens.gone", exp: now - 60 },
            "signature not checked: the stack's outputs have no secret for this credential yet; expiry expired 1 minute ago, at 2026-11-25T11:59:00Z; its credential tokens/gone expired on 2026-11-25",
        ],
    ];
    for (const [what, claims, reasons] of invalid)
        it(`--verify exits with 3 for a token that ${what}, and says so`, async () => {
            const { note } = await exits(3, bench({ stdin: await token(claims) }).ops("token", "inspect", "--verify"));
            assert.ok(note.includes(`token: not valid (${reasons}). Issue another one.`), note);
        });

    it("--verify reports the error of a public key that cannot be read", async () => {
        const stdin = await token({ key: "alpa-auth_tokens.rs" }, "RS256", pair.privateKey);
        const broken = text.replace("MIIB", "");
        const { out } = await exits(3, bench({ text: broken, stdin }).ops("token", "inspect", "--verify"));
        assert.match(out, /signature +not checked: publicKey of tokens\/rs must be a public key in PEM form/);
    });

    it("prints JSON", async () => {
        const stdin = await token({ key: "alpa-auth_tokens.hs" });
        const { out } = await bench({ stdin }).ops("token", "inspect", "--json");
        assert.deepEqual(Object.keys(JSON.parse(out)), ["header", "claims", "expiry", "key", "signature"]);
    });
});
