// Proves the commands for service tokens: the same syntax as for keys, a new secret in place, and no secret anywhere except in
// the handout. Pulumi, the edge and Cloudflare's API are fakes here.
import { strict as assert } from "node:assert";
import type { IncomingMessage } from "node:http";
import { compareTokens } from "../../../../ops/consumer/state/list-tokens";
import { bench, type BenchOptions, EDGE_FILE, exits, TODAY } from "../kit";
import { serve } from "../../kit/http";

const FILE = `${EDGE_FILE}    alpa-auth:maxOverlapDays: 30
    alpa-auth:consumers:
        - name: lab
          credentials:
              - { id: a, method: service-token } # in use
              - { id: b, method: service-token, secretVersion: 2, previousSecretExpires: "2026-12-01" }
              - { id: old, method: service-token, expires: "2026-11-20" }
`;
const PAIR = { clientId: "0123.access", clientSecret: "s3cret-of-lab-a" };
const outputs = (url: string) => ({ url, credentials: { "lab/a": PAIR } });

const cloudflare = (options: BenchOptions = {}) =>
    bench({ text: FILE, outputs: outputs("https://llm.example.com"), ...options });
const ROTATE = ["consumer", "rotate", "lab"];
const text = (file: string, ...parts: RegExp[]) => parts.forEach((part) => assert.match(file, part));

describe("ops consumer with service tokens", () => {
    it("adds a service token without the option for the method, since the stack has no other method", async () => {
        const { ops, text: file } = cloudflare();
        const { out } = await exits(0, ops("consumer", "add", "new", "--credential", "x", "--yes"));
        assert.match(file(), /- name: new\n {10}credentials:\n {14}- \{ id: x, method: service-token \}/);
        assert.match(out, /Next: npm run ops -- consumer handout new$/m);
    });

    it("adds no key to a stack of option cloudflare, and no service token to a gateway", async () => {
        const here = await exits(2, cloudflare().ops("consumer", "add", "lab", "--credential", "x", "--method", "key"));
        assert.match(here.note, /method: only valid with option intra-a/);
        const there = await exits(2, bench().ops("consumer", "add", "bob", "--method", "service-token"));
        assert.match(there.note, /method: only valid with option cloudflare/);
    });

    it("rotates in place: the next version, and an expiry for the previous secret", async () => {
        const { ops, text: file } = cloudflare();
        const { out } = await exits(0, ops(...ROTATE, "a", "--overlap-days", "14", "--yes"));
        text(
            file(),
            /\{ id: a, method: service-token, secretVersion: 2, previousSecretExpires: "2026-12-09" \} # in use/,
        );
        text(out, /lab\/a gets a new secret, number 2; its client id stays\./, /works until 2026-12-09T00:00Z/);
        text(out, /Next: npm run ops -- consumer handout lab a$/m);
        // A revocation would end the new secret too, because both secrets belong to one token.
        assert.doesNotMatch(out, /consumer revoke/);
    });

    it("does not hand out a disabled token", async () => {
        const stack = cloudflare({ text: FILE.replace("service-token }", "service-token, enabled: false }") });
        const { out, note } = await exits(2, stack.ops("consumer", "handout", "lab", "a"));
        text(note, /lab\/a: is disabled, so Cloudflare rejects it\. Remove enabled: false from it and run: pulumi up/);
        assert.ok(!out.includes(PAIR.clientSecret));
    });

    const refused: [why: string, args: string[], problem: RegExp][] = [
        ["beyond the stack's longest overlap", ["a", "--overlap-days", "31"], /--overlap-days: must be at most 30/],
        [
            "with a successor",
            ["a", "--overlap-days", "1", "--successor", "x"],
            /--successor: must not be given for a service token/,
        ],
        [
            "with a public key",
            ["a", "--overlap-days", "1", "--public-key-file", __filename],
            /--public-key-file: must not be given for a service token/,
        ],
        [
            "with an expiry of a successor",
            ["a", "--overlap-days", "1", "--expires", "2027-01-31"],
            /--expires: must not be given for a service token/,
        ],
        ["an expired token", ["old", "--overlap-days", "1"], /lab\/old: expired on 2026-11-20\./],
    ];
    for (const [why, args, problem] of refused)
        it(`does not rotate ${why}`, async () => {
            const { ops, text: file } = cloudflare();
            assert.match((await exits(2, ops(...ROTATE, ...args, "--yes"))).note, problem);
            assert.equal(file(), FILE);
        });

    it("does not rotate beyond the token's own expiry", async () => {
        const ending = FILE.replace("service-token } # in use", 'service-token, expires: "2026-12-05" } # in use');
        const { ops, text: file } = cloudflare({ text: ending });
        const { note } = await exits(2, ops(...ROTATE, "a", "--overlap-days", "14", "--yes"));
        assert.match(
            note,
            /--overlap-days: the overlap must end by 2026-12-05, when a expires \(got 14\)\. Give at most 10/,
        );
        assert.equal(file(), ending);
        await exits(0, ops(...ROTATE, "a", "--overlap-days", "10"));
    });

    it("does not rotate a key without a successor", async () => {
        const { note } = await exits(2, bench().ops("consumer", "rotate", "alice", "a1", "--overlap-days", "1"));
        assert.match(note, /--successor: required with method key\. Name the new credential, for example --successor/);
    });

    it("hands out both headers, and the edge's timeout", async () => {
        const { out } = await exits(0, cloudflare().ops("consumer", "handout", "lab", "a"));
        text(out, /CF-Access-Client-Id: 0123\.access/, /CF-Access-Client-Secret: s3cret-of-lab-a/, /--max-time 135 /);
    });
});

describe("ops consumer revoke --yes of a service token", () => {
    it("says that Cloudflare has deleted the token, without a request to the edge", async () => {
        const { out } = await exits(0, cloudflare().ops("consumer", "revoke", "lab", "a", "--yes"));
        assert.match(out, /^lab\/a: Cloudflare has deleted its service token\.$/m);
    });
});

describe("ops consumer list of service tokens", () => {
    const OWNER = "alpa-auth/cf";
    const live = (name: string, more: object = {}) => ({
        name,
        expires_at: "2027-11-25T00:00:00Z",
        enabled: true,
        ...more,
    });
    const config = [
        {
            name: "lab",
            credentials: [
                { id: "a", method: "service-token" },
                { id: "old", method: "service-token", expires: "2026-11-20" },
                { id: "new", method: "service-token" },
            ],
        },
        { name: "none", credentials: [] },
    ];
    const rows = (found: ReturnType<typeof live>[]) => compareTokens(config, found, OWNER, new Date(TODAY));

    it("marks missing, expired and unknown tokens, and ignores other stacks' tokens", () => {
        const found = [
            live(`${OWNER}/lab/a`, { expires_at: "2026-11-24T00:00:00Z" }),
            live(`${OWNER}/lab/old`),
            live(`${OWNER}/gone/x`),
            live("alpa-auth/other/lab/a"),
        ];
        assert.deepEqual(
            rows(found).map((r) => [`${r.consumer}/${r.credential}`, r.live, r.problems]),
            [
                ["lab/a", true, ["expired at Cloudflare: rotate the credential"]],
                ["lab/old", true, ["expired, but works until the next pulumi up"]],
                ["lab/new", false, ["not live"]],
                ["none/null", false, []],
                ["gone/x", true, ["not in the config"]],
            ],
        );
    });

    it("marks a token that is disabled on one side only", () => {
        const [{ credentials }] = config;
        const problemsOf = (inConfig: boolean | undefined, enabled: boolean | undefined) => {
            const lab = { name: "lab", credentials: [{ ...credentials[0], enabled: inConfig }] };
            return compareTokens([lab], [live(`${OWNER}/lab/a`, { enabled })], OWNER, new Date(TODAY))[0].problems;
        };
        assert.deepEqual(problemsOf(undefined, false), [
            "disabled at Cloudflare, but not in the config: pulumi up --refresh",
        ]);
        assert.deepEqual(problemsOf(true, false), [
            "disabled at Cloudflare, but not in the config: pulumi up --refresh",
        ]);
        assert.deepEqual(problemsOf(false, true), [
            "disabled in the config, but not at Cloudflare: pulumi up --refresh",
        ]);
        assert.deepEqual(problemsOf(false, false), []);
        // Cloudflare's API may leave out this field.
        assert.deepEqual(problemsOf(false, undefined), []);
    });

    it("marks a token whose secret was rotated at Cloudflare", () => {
        const problemsOf = (secretVersion: number | undefined, client_secret_version: number | undefined) => {
            const lab = { name: "lab", credentials: [{ ...config[0].credentials[0], secretVersion }] };
            return compareTokens([lab], [live(`${OWNER}/lab/a`, { client_secret_version })], OWNER, new Date(TODAY))[0]
                .problems;
        };
        const rotated = (to: number) => [
            `rotated at Cloudflare to secretVersion ${to}, but not in the config: pulumi preview says what to set`,
        ];
        assert.deepEqual(problemsOf(undefined, 2), rotated(2));
        assert.deepEqual(problemsOf(2, 3), rotated(3));
        assert.deepEqual(problemsOf(undefined, 1), []);
        // The next run rotates the token.
        assert.deepEqual(problemsOf(3, 2), []);
        // Cloudflare's API may leave out this field.
        assert.deepEqual(problemsOf(undefined, undefined), []);
    });

    it("uses the stack's API token, and shows no secret", async () => {
        const asked: IncomingMessage[] = [];
        const address = await serve((request, response) => {
            asked.push(request);
            const result = [live("alpa-auth/intra/lab/a", { enabled: false })];
            response.writeHead(200, { "Content-Type": "application/json" });
            response.end(JSON.stringify({ success: true, result }));
        });
        const file = FILE.replace(
            "config:\n",
            `config:\n    cloudflare:apiToken: { secure: SEALED }\n    cloudflare:baseUrl: ${address}/client/v4\n`,
        );
        const { ops } = cloudflare({ text: file });
        const { out, note } = await exits(3, ops("consumer", "list", "--check"));
        assert.match(out, /lab +│ a +│ +│ 2027-11-25T00:00:00Z +│ disabled +│[^]*^! lab\/a: disabled at Cloudflare/m);
        assert.match(note, /config and Cloudflare differ in 2 of 3 lines\. Run: pulumi up --refresh -s intra$/m);
        assert.match(
            asked[0].url!,
            /^\/client\/v4\/accounts\/0123456789abcdef0123456789abcdef\/access\/service_tokens/,
        );
        assert.equal(asked[0].headers.authorization, "Bearer plain-of-SEALED-0123456789");
        assert.ok(!(out + note).includes("SEALED"));
    });

    it("requires the API token", async () => {
        const before = process.env.CLOUDFLARE_API_TOKEN;
        delete process.env.CLOUDFLARE_API_TOKEN;
        try {
            assert.match((await exits(2, cloudflare().ops("consumer", "list"))).note, /CLOUDFLARE_API_TOKEN: required/);
        } finally {
            if (before !== undefined) process.env.CLOUDFLARE_API_TOKEN = before;
        }
    });
});
