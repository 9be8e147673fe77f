import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse as parseYaml } from "yaml";
import { parse, type ApiAccess } from "../../../../config";
import { sshKeyProblem } from "../../../../config/keys/hosts/ssh-host";
import { value } from "../../../kit";
import {
    ALPA,
    cloudflareStack,
    HOST,
    HOST_KEY,
    rawCloudflare,
    SSH,
    SSH_KEY,
    TODAY,
    TUNNEL,
} from "../../kit/cloudflare";
import { itRefuses, problemsOf, type Refused } from "../refused";

const API: ApiAccess = { token: "t".repeat(40), baseUrl: "https://api.example.com", inPlain: false };

function problems(values: Record<string, unknown>, isSecret = true, api?: ApiAccess): string[] {
    return problemsOf(() => parse(rawCloudflare(values), () => isSecret, TODAY, api));
}

const token = (more: object = {}) => ({ id: "a", method: "service-token", ...more });
const one = (more: object) => ({ consumers: [{ name: "lab", credentials: [token(more)] }] });
const many = (n: number, more: object = {}) => ({
    consumers: [{ name: "lab", credentials: Array.from({ length: n }, (_, i) => token({ id: `t${i}`, ...more })) }],
});
const zone = (more: object) => ({ zone: { name: "example.com", plan: "pro", ...more } });
const limit = (plan: string, more: object) => ({
    ...zone({ plan }),
    rateLimit: { requests: 60, perSeconds: 10, ...more },
});
const host = (more: object) => ({ tunnel: { ...TUNNEL, hosts: [{ ...HOST, ...more }] } });
const login = (more: object) => ({ ssh: { ...SSH, ...more } });
const AT = "consumers[0].credentials[0]";

/** Configs with exactly these problems. */
const refused: Refused[] = [
    ["the name of a key file", login({ privateKey: "~/.ssh/s3cret" }), /^ssh\.privateKey: must be a private key/],
    ["no account", { account: undefined }, /^account: required\. Run: pulumi config set account/],
    [
        "a name instead of an account id",
        { account: "Example" },
        /^account: must be an account id, 32 hex.*got "Example"/,
    ],
    [
        "a hostname outside the zone",
        { hostname: "llm.example.org" },
        /^hostname: must be in zone example\.com \(got "llm\.example\.org"\)/,
    ],
    [
        "six names",
        { aliases: ["a", "b", "c", "d", "e"].map((n) => `${n}.example.com`) },
        /^aliases: must have at most 4 names \(got 5\): with hostname, Cloudflare allows 5/,
    ],
    ["two Alpas", { alpa: { ...ALPA, endpoints: ["a:1", "b:1"] } }, /^alpa\.endpoints: must name exactly one/],
    [
        "a default model without the Worker that fills it in",
        { alpa: { ...ALPA, defaultModel: "opt" }, edgeWorker: { off: "no Workers here" } },
        "alpa.defaultModel: has no effect with edgeWorker.off: only the Worker adds a missing model. Remove one of them.",
    ],
    ["a duration in days", one({ duration: "30d" }), /^consumers\[0\].*duration: must be a duration.*got "30d"/],
    [
        "a version without a date",
        one({ secretVersion: 2 }),
        `${AT}.previousSecretExpires: required with secretVersion 2. Set the day on which the previous secret stops working, and keep this key after that day.`,
    ],
    [
        "a date without a version",
        one({ previousSecretExpires: "2026-12-01" }),
        /previousSecretExpires: only valid with a secretVersion of at least 2/,
    ],
    [
        "an overlap longer than the 30 days of Cloudflare's dashboard",
        one({ secretVersion: 2, previousSecretExpires: "2026-12-26" }),
        `${AT}.previousSecretExpires: must be at most 30 days from now, the stack's maxOverlapDays (got 2026-12-26). Choose a nearer day.`,
    ],
    [
        "an overlap longer than the stack's own limit",
        { ...one({ secretVersion: 2, previousSecretExpires: "2026-12-01" }), maxOverlapDays: 5 },
        /previousSecretExpires: must be at most 5 days from now/,
    ],
    ["a key", one({ method: "key" }), `${AT}.method: only valid with option intra-a (got "key"). Use service-token.`],
    ["an unknown method", one({ method: "s3cret" }), `${AT}.method: must be service-token.`],
    [
        "limits of a caller",
        { consumers: [{ name: "lab", limits: {}, credentials: [] }] },
        /^consumers\[0\]\.limits: only valid with option intra-a/,
    ],
    [
        "an algorithm",
        one({ algorithm: "HS256" }),
        `${AT}.algorithm: only valid with option intra-a or intra-b or inter, not with this stack's option. Remove it.`,
    ],
    ["51 tokens", many(51), /^consumers: must have at most 50 service tokens.*\(got 51\)/],
    [
        "a window that Cloudflare does not have",
        limit("pro", { perSeconds: 30 }),
        /^rateLimit\.perSeconds: must be a window in seconds that Cloudflare offers: 10, 60/,
    ],
    [
        "a window beyond plan free",
        limit("free", { perSeconds: 60 }),
        "rateLimit.perSeconds: must be at most 10 with plan free (got 60). Lower it, or order plan pro.",
    ],
    [
        "another timeout than 125 s",
        { ...zone({ plan: "business" }), proxyTimeoutSeconds: 300 },
        "proxyTimeoutSeconds: must be 125 with plan business (got 300). Another value needs plan enterprise.",
    ],
    [
        "an answer timeout longer than the edge's",
        { alpa: { ...ALPA, answerTimeoutSeconds: 600 } },
        /^alpa\.answerTimeoutSeconds: must be at most 125, after which the edge answers 524 \(got 600\)/,
    ],
    [
        "one host twice",
        { tunnel: { ...TUNNEL, hosts: [HOST, { ...HOST, address: "root@10.0.0.11:22" }] } },
        /^tunnel\.hosts\[1\]: must be listed only once \(tunnel\.hosts\[0\] is 10\.0\.0\.11:22 too\)/,
    ],
    [
        "a host key with the host before it",
        host({ hostKey: `10.0.0.11 ${HOST_KEY}` }),
        /^tunnel\.hosts\[0\]\.hostKey: must be a public key as ssh-keyscan/,
    ],
    ["latest", { tunnel: { ...TUNNEL, version: "latest" } }, /^tunnel\.version: must be a pinned version/],
    [
        "an address with a password",
        { tunnel: { ...TUNNEL, source: "https://u:s3cret@x.example.com/c" } },
        /^tunnel\.source: must be an address without user name/,
    ],
];

const accepted: [what: string, values: Record<string, unknown>][] = [
    ["50 tokens", many(50)],
    [
        "51 tokens of which one has expired",
        {
            consumers: [
                ...many(50).consumers,
                {
                    name: "old",
                    credentials: [token({ expires: "2026-11-25" }), token({ id: "b", expires: "2026-01-01" })],
                },
            ],
        },
    ],
    ["an overlap of 30 days", one({ secretVersion: 2, previousSecretExpires: "2026-12-25" })],
    ["a rotation whose overlap has ended", one({ secretVersion: 7, previousSecretExpires: "2020-01-01" })],
    [
        "a longer timeout on enterprise",
        {
            ...zone({ plan: "enterprise" }),
            proxyTimeoutSeconds: 600,
            alpa: { ...ALPA, tokensPerSecond: 2, answerTimeoutSeconds: 600 },
        },
    ],
];

describe("config of option cloudflare", () => {
    itRefuses(refused, problems);
    for (const [what, values] of accepted) it(`accepts ${what}`, () => assert.deepEqual(problems(values), []));

    it("marks keys and passwords secret at once", async () => {
        const [first] = cloudflareStack(login({ sudoPassword: "s3cret" })).connectors.hosts;
        for (const [secret, plain] of [
            [first.privateKey, SSH_KEY],
            [first.sudoPassword!, "s3cret"],
        ] as const) {
            assert.equal(await pulumi.isSecret(secret), true);
            assert.equal(await value(secret), plain);
        }
    });

    it("gives connectors the longest grace period of cloudflared, and warns that longer answers are cut", () => {
        const longer = (seconds: number) =>
            cloudflareStack({ ...zone({ plan: "enterprise" }), proxyTimeoutSeconds: seconds });
        const cut =
            /^tunnel: a stopping connector waits at most 180 s for requests in progress, but an answer may take up to 181 s\. Requests that take longer are interrupted \(502\)/;
        assert.deepEqual(
            [159, 160, 161, 600].map((seconds) => longer(seconds).connectors.graceSeconds),
            [179, 180, 180, 180],
        );
        assert.equal(longer(180).warnings.filter((one) => /waits at most/.test(one)).length, 0);
        assert.equal(longer(181).warnings.filter((one) => cut.test(one)).length, 1);
    });

    it("sets the zone's timeout where the config has it, even the default, if the plan allows that", () => {
        const held = (plan: string, more: object = {}) =>
            cloudflareStack({ ...zone({ plan }), ...more }).proxyTimeoutSeconds;
        assert.equal(held("enterprise"), undefined);
        assert.equal(held("enterprise", { proxyTimeoutSeconds: 600 }), 600);
        assert.equal(held("enterprise", { proxyTimeoutSeconds: 125 }), 125);
        assert.equal(held("pro", { proxyTimeoutSeconds: 125 }), undefined);
    });

    it("removes expired tokens, and warns about tokens that expire soon, are disabled or were not measured", () => {
        const { consumers, warnings, expires } = cloudflareStack({
            alpa: { endpoints: ["127.0.0.1:20001"] },
            ...limit("free", {}),
            consumers: [
                {
                    name: "lab",
                    credentials: [
                        token({ id: "over", expires: "2026-11-25" }),
                        token({ id: "soon", expires: "2026-12-01" }),
                        token({ id: "off", enabled: false }),
                    ],
                },
            ],
        });
        assert.deepEqual(
            consumers[0].credentials.map(({ id }) => id),
            ["soon", "off"],
        );
        assert.deepEqual(expires, { "lab/over": "2026-11-25", "lab/soon": "2026-12-01" });
        const expected = [
            /lab\/over expired/,
            /lab\/soon expires in 6 days/,
            /lab\/off is disabled/,
            /1024 tokens need 9 per second/,
            /^rateLimit: applies to \/completions/,
        ];
        assert.equal(warnings.length, expected.length, warnings.join("\n"));
        expected.forEach((e, i) => assert.match(warnings[i], e));
    });

    it("of the shipped stack lacks only its secrets", () => {
        const file = readFileSync(join(__dirname, "../../../../Pulumi.cloudflare.yaml"), "utf8");
        const { config } = parseYaml(file) as { config: Record<string, unknown> };
        const own = Object.entries(config).map(([key, v]) => [key.replace("alpa-auth:", ""), v]);
        assert.deepEqual(problems(Object.fromEntries(own) as Record<string, unknown>), [
            "ssh.privateKey: required. Run: pulumi config set --secret --path ssh.privateKey < id_ed25519",
        ]);
    });
});

describe("the API token", () => {
    const cases: [what: string, api: Partial<ApiAccess>, problem: RegExp | undefined][] = [
        ["with 40 characters is accepted", {}, undefined],
        [
            "is required",
            { token: undefined },
            /^cloudflare:apiToken: required with option cloudflare or exposure tunnel\. Set CLOUDFLARE_API_TOKEN/,
        ],
        ["is rejected if it is empty", { token: "" }, /^cloudflare:apiToken: required/],
        ["is rejected if it is too short", { token: "s3cret" }, /^cloudflare:apiToken: must be an API token: 40 to 80/],
        [
            "is rejected with a line break",
            { token: `${"s3cret".repeat(8)}\n` },
            /^cloudflare:apiToken: must be an API token/,
        ],
        ["is rejected in plain text", { inPlain: true }, /^cloudflare:apiToken: must be stored encrypted/],
    ];
    for (const [what, api, problem] of cases)
        it(what, () => {
            const got = problems({}, true, { ...API, ...api });
            assert.equal(got.length, problem === undefined ? 0 : 1);
            if (problem) assert.match(got[0], problem);
            assert.doesNotMatch(got.join(), /s3cret|tttt/);
        });
});

describe("an SSH private key", () => {
    /** The beginning of a private key as ssh-keygen writes it, up to the cipher's name. The program reads only this part. */
    const made = (cipher: string) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(cipher.length);
        const bytes = Buffer.concat([Buffer.from("openssh-key-v1\0"), length, Buffer.from(`${cipher}and so on`)]);
        return `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
    };

    it("is accepted in the formats of ssh-keygen and openssl", () => {
        assert.equal(sshKeyProblem(made("none")), undefined);
        const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
        for (const type of ["pkcs1", "pkcs8"] as const)
            assert.equal(sshKeyProblem(rsa.export({ type, format: "pem" }) as string), undefined);
    });
    it("is rejected with a passphrase", () => {
        assert.match(sshKeyProblem(made("aes256-ctr"))!, /^must have no passphrase/);
    });
    it("is rejected when it is truncated", () => {
        const whole = made("none");
        for (const text of [
            whole.slice(0, 60),
            whole.replace(/b3BlbnNz/, "xxxxxxxx"),
            SSH_KEY.replace(/\n.*\n-----END/, "\n-----END"),
        ])
            assert.match(sshKeyProblem(text)!, /^must be a complete private key/);
    });
});

describe("the zone's other records", () => {
    let folder: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-zone-"));
        const record = (name: string, type = "A") =>
            `- { name: ${name}, type: ${type}, ttl: 300, content: 192.0.2.1 }\n`;
        writeFileSync(join(folder, "good.yaml"), record("www.example.com") + record("example.com"));
        writeFileSync(join(folder, "ours.yaml"), record("www.example.com") + record("llm.example.com"));
        writeFileSync(join(folder, "bad.yaml"), record("www.example.org"));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));
    const read = (records: string, more: object = {}) =>
        parse(rawCloudflare({ dns: { records, ...more } }), () => true, TODAY, undefined, folder);
    const said = (records: string, more: object = {}) => problemsOf(() => read(records, more));

    it("are read from the folder of the stack file, and begin in phase mirror", () => {
        const settings = read("good.yaml");
        assert.ok(settings.option === "cloudflare");
        assert.equal(settings.dns!.phase, "mirror");
        assert.deepEqual(
            settings.dns!.records.map(({ name }) => name),
            ["www.example.com", "example.com"],
        );
    });
    it("must have the stack's names as CNAMEs that can be pointed to the tunnel", () => {
        assert.equal(said("ours.yaml").length, 1);
        assert.match(said("ours.yaml")[0], /^dns\.records: llm\.example\.com A must be a CNAME/);
    });
    it("are rejected with their line numbers, together with all other problems", () => {
        const [phase, line] = said("bad.yaml", { phase: "moved" });
        assert.match(phase, /^dns\.phase: must be one of mirror, delegated, proxied, signed/);
        assert.match(line, /^bad\.yaml:1/);
    });
});
