import { strict as assert } from "node:assert";
import { generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";
import { parse } from "../../../../config";
import { keyDigest } from "../../../../components/consumers/key-digest";
import { daysUntil, expiryWarning, type Lasting } from "../../../../config/keys/consumers/credentials";
import { raw } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

const TODAY = new Date("2026-11-25T23:59:59Z");
const KEY = "s3cret-0123456789abcdef";
const pem = ({ publicKey }: KeyPairKeyObjectResult) => publicKey.export({ type: "spki", format: "pem" }) as string;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const RSA = pem(rsa);
const PRIVATE = rsa.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const SHORT = pem(generateKeyPairSync("rsa", { modulusLength: 1024 }));
const EC = pem(generateKeyPairSync("ec", { namedCurve: "P-256" }));
const EC384 = pem(generateKeyPairSync("ec", { namedCurve: "P-384" }));
const ED = pem(generateKeyPairSync("ed25519"));

const jwt = (more: object) => ({ id: "a", method: "jwt", ...more });
function problems(credentials: unknown[], isSecret = true, others: unknown[] = []): string[] {
    return problemsOf(() =>
        parse(raw({ consumers: [{ name: "lab", credentials }, ...others] }), () => isSecret, TODAY),
    );
}
const AT = "consumers[0].credentials[0]";

const refused: Refused<object>[] = [
    ["a method that does not exist", { id: "a", method: "basic" }, `${AT}.method: must be key or jwt.`],
    [
        "an algorithm that does not exist",
        jwt({ algorithm: "none" }),
        `${AT}.algorithm: must be one of HS256, RS256, ES256, EdDSA.`,
    ],
    ["a token without an algorithm", jwt({}), /algorithm: required with method jwt\. Choose one of HS256/],
    ["RS256 without a key", jwt({ algorithm: "RS256" }), /publicKey: required with RS256\./],
    [
        "RS256 with a private key",
        jwt({ algorithm: "RS256", publicKey: PRIVATE }),
        /publicKey: must be a public key \(got a private key\)\. Treat it as leaked/,
    ],
    [
        "RS256 with an invalid key",
        jwt({ algorithm: "RS256", publicKey: "s3cret" }),
        /publicKey: must be one public key in PEM form/,
    ],
    [
        "RS256 with a short key",
        jwt({ algorithm: "RS256", publicKey: SHORT }),
        /publicKey: must have at least 2048 bits \(got 1024\)/,
    ],
    [
        "RS256 with a key of another kind",
        jwt({ algorithm: "RS256", publicKey: EC }),
        /publicKey: must be an RSA key for RS256 \(got ec\)/,
    ],
    [
        "ES256 with another curve",
        jwt({ algorithm: "ES256", publicKey: EC384 }),
        /publicKey: must be a key of curve P-256 for ES256 \(got secp384r1\)/,
    ],
    [
        "EdDSA with a key of another kind",
        jwt({ algorithm: "EdDSA", publicKey: RSA }),
        /publicKey: must be an Ed25519 key for EdDSA \(got rsa\)/,
    ],
    [
        "HS256 with a public key, which is not secret",
        jwt({ algorithm: "HS256", publicKey: RSA }),
        /publicKey: only valid with RS256, ES256 and EdDSA/,
    ],
    [
        "a key with method jwt",
        jwt({ algorithm: "HS256", key: KEY }),
        `${AT}.key: only valid with method key. Remove it.`,
    ],
    [
        "an algorithm with method key",
        { id: "a", method: "key", algorithm: "HS256" },
        /algorithm: only valid with method jwt \(got method key\)/,
    ],
    [
        "an empty key, which an empty header would match",
        { id: "a", method: "key", key: "" },
        /key: must have at least 16 characters/,
    ],
    ["a key with a line break", { id: "a", method: "key", key: `${KEY}\nx: y` }, /key: must be visible ASCII/],
    [
        "a day that does not exist",
        { id: "a", method: "key", expires: "2027-02-30" },
        /expires: must be a day, for example 2027-01-31 \(got "2027-02-30"\)/,
    ],
];

describe("credentials in the config", () => {
    itRefuses(refused, (credential) => problems([credential]));

    const accepted: [what: string, credential: object][] = [
        ["HS256", jwt({ algorithm: "HS256" })],
        ["RS256", jwt({ algorithm: "RS256", publicKey: RSA })],
        ["ES256", jwt({ algorithm: "ES256", publicKey: EC })],
        ["EdDSA", jwt({ algorithm: "EdDSA", publicKey: ED })],
    ];
    for (const [what, credential] of accepted) it(`accept ${what}`, () => assert.deepEqual(problems([credential]), []));

    it("reject a brought key in plain text, with the command that encrypts it", () =>
        assert.deepEqual(problems([{ id: "a", method: "key", key: KEY }], false), [
            `${AT}.key: must be stored encrypted (it is in the stack file in plain text). Anyone with access to that file can read it: replace it, and run: pulumi config set --secret --path '${AT}.key' < key.txt`,
        ]));

    it("reject one public key for two callers, in any notation: each could sign as the other", () => {
        const own = [
            jwt({ algorithm: "RS256", publicKey: RSA }),
            { ...jwt({ algorithm: "RS256", publicKey: RSA }), id: "b" },
        ];
        const folded = RSA.replace(/\n/g, "\r\n");
        const other = { name: "other", credentials: [jwt({ algorithm: "RS256", publicKey: folded })] };
        assert.deepEqual(problems(own), []);
        assert.deepEqual(problems(own, true, [other]), [
            `consumers[1].credentials[0].publicKey: must belong to one caller only (${AT} has the same key): callers with a common key can sign each other's tokens. Have each caller create its own key pair.`,
        ]);
    });

    it("reject one key for two credentials, naming both paths", () => {
        const got = problems([
            { id: "a", method: "key", key: KEY },
            { id: "b", method: "key", key: KEY },
        ]);
        assert.deepEqual(got, [
            `consumers[0].credentials[1].key: must be unique (${AT} has the same key). Set another key.`,
        ]);
    });
});

describe("the expiry of a credential", () => {
    const days: [day: string, days: number][] = [
        ["2026-11-24", -1],
        ["2026-11-25", 0],
        ["2026-11-26", 1],
        ["2027-11-25", 365],
    ];
    for (const [day, expected] of days)
        it(`${day} is ${expected} days away, at any hour of 2026-11-25`, () => {
            for (const hour of ["00:00:00", "12:00:00", "23:59:59"])
                assert.equal(daysUntil(day, new Date(`2026-11-25T${hour}Z`)), expected, hour);
        });

    const config = (expires: string) =>
        parse(
            raw({
                consumers: [
                    {
                        name: "lab",
                        credentials: [
                            { id: "old", method: "key", expires },
                            { id: "new", method: "key" },
                        ],
                    },
                ],
            }),
            () => true,
            TODAY,
        );
    const ids = (expires: string) => config(expires).consumers[0].credentials.map((c) => c.id);
    it("removes the credential from that day on, and no other", () => {
        assert.deepEqual(ids("2026-11-26"), ["old", "new"]);
        assert.deepEqual(ids("2026-11-25"), ["new"]);
    });
    it("may be written without quotes, which Pulumi passes as a time", () =>
        assert.deepEqual(config("2026-11-26 00:00:00 +0000 UTC").expires, { "lab/old": "2026-11-26" }));

    const warning = (credentials: Lasting[]) =>
        expiryWarning("lab", { expires: "", ...credentials[0] }, credentials, TODAY);

    const GONE =
        "consumers: lab/old expired on 2026-11-25: pulumi up deletes its secret for good, and a later date would create another one. Remove the entry: npm run ops -- consumer revoke lab old";

    const alone: [day: string, warning: string | undefined][] = [
        ["2026-12-26", undefined],
        [
            "2026-12-25",
            "consumers: lab/old expires in 30 days, on 2026-12-25. Give its caller another credential before that date.",
        ],
        [
            "2026-11-26",
            "consumers: lab/old expires in 1 day, on 2026-11-26. Give its caller another credential before that date.",
        ],
        ["2026-11-25", GONE],
    ];
    for (const [expires, expected] of alone)
        it(`${expected ? "causes a warning" : "causes no warning yet"}: ${expires}`, () =>
            assert.equal(warning([{ id: "old", expires }]), expected));
});

describe("keys that callers have brought", () => {
    const brought = (credentials: unknown[]) => {
        const settings = parse(raw({ consumers: [{ name: "lab", credentials }] }), () => true, TODAY);
        assert.ok(settings.option === "intra-a");
        return settings.consumers[0].brought ?? [];
    };

    it("are recorded by a digest, also of expired credentials, while generated ones are not", () => {
        const found = brought([
            { id: "k", method: "key", key: KEY },
            { id: "old", method: "key", key: `${KEY}-old`, expires: "2026-11-01" },
            jwt({ id: "rs", algorithm: "RS256", publicKey: RSA }),
            { id: "made", method: "key" },
            jwt({ id: "hs", algorithm: "HS256" }),
        ]);
        assert.deepEqual(
            found.map(({ id }) => id),
            ["k", "old", "rs"],
        );
    });

    it("are the same key in any notation", () => {
        const spki = ["ec", "ed25519"].map((type) =>
            pem(type === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519")),
        );
        for (const text of [RSA, ...spki]) {
            const broken = `\n${text.replaceAll("\n", "\r\n")}  `;
            assert.equal(keyDigest({ publicKey: broken }), keyDigest({ publicKey: text }));
        }
        const compressed = compress(EC);
        assert.notEqual(compressed, EC);
        assert.equal(keyDigest({ publicKey: compressed }), keyDigest({ publicKey: EC }));
        assert.notEqual(keyDigest({ publicKey: ED }), keyDigest({ publicKey: EC }));
        assert.notEqual(keyDigest({ key: KEY }), keyDigest({ key: `${KEY}x` }));
    });

    it("can name the revocation that they undo", () => {
        const readmit = "revocation-0123abcd";
        assert.equal(brought([{ id: "k", method: "key", key: KEY, readmit }])[0].readmit, readmit);
        assert.deepEqual(problems([{ id: "k", method: "key", readmit }]), [
            `${AT}.readmit: only valid with key or publicKey (this credential has neither, since its key is generated). Remove it.`,
        ]);
        assert.match(
            problems([{ id: "k", method: "key", key: KEY, readmit: "yes" }])[0],
            /must be the id of a revocation/,
        );
    });
});

/** The same P-256 key with its point compressed, which OpenSSL reads too. */
function compress(text: string): string {
    const der = Buffer.from(text.replace(/-----.*-----|\s/g, ""), "base64");
    const point = der.subarray(-64);
    const head = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");
    const der2 = Buffer.concat([head, Buffer.from([2 + (point[63] & 1)]), point.subarray(0, 32)]);
    return `-----BEGIN PUBLIC KEY-----\n${der2.toString("base64")}\n-----END PUBLIC KEY-----\n`;
}
