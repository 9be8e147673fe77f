/**
 * Every invalid input for option cloudflare, one row each, and the check that finds it: the check of the config, before any
 * request; the check of the reviewed records or of an export, which names the line; or the check of the account, whose answers
 * come from the sandbox's API. No invalid input reaches `up`. Tests of the parts have other cases: a zone of
 * another account is in cloudflare.test.ts if the token sees the zone, and otherwise in engine/cloudflare/zone.test.ts.
 */
import { strict as assert } from "node:assert";
import { ConfigError, parse } from "../../../config";
import { apiProblems } from "../../../config/api-access";
import { parseZoneData } from "../../../config/keys/dns/settings";
import { importBind } from "../../../dns/import-bind";
import { cloudflarePreflight } from "../../../preflight/cloudflare";
import { PreflightError } from "../../../preflight/preflight-error";
import { CONSUMERS, HOST, rawCloudflare, TODAY, TUNNEL } from "../kit/cloudflare";
import { ADMIN, TestApi } from "../../../sandbox/test/cloudflare/kit";

type Values = Record<string, unknown>;

const apiToken = (token?: string) => apiProblems({ token, baseUrl: "http://127.0.0.1:1", inPlain: false });
const config = (values: Values) => {
    try {
        parse(rawCloudflare(values), () => true, TODAY);
        return [];
    } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        return error.problems;
    }
};
const credential = (more: object) => config({ consumers: [{ name: "lab", credentials: [{ ...TOKEN, ...more }] }] });
const TOKEN = { id: "2026a", method: "service-token" };
const data = (...lines: string[]) => parseZoneData(lines.join("\n"), "example.com", "dns/example.com.yaml").problems;
const exported = (text: string) => importBind(text, "zone.txt", "example.com").problems;

const FOUND_AT_ONCE: [where: string, what: string, find: () => string[], problem: RegExp][] = [
    ["the config", "no API token", () => apiToken(), /^cloudflare:apiToken: required/],
    ["the config", "a short API token", () => apiToken("short"), /^cloudflare:apiToken: .* 40 to 80 letters/],
    [
        "the config",
        "an account that is not an id",
        () => config({ account: "example" }),
        /^account: must be an account id/,
    ],
    [
        "the config",
        "a hostname outside the zone",
        () => config({ hostname: "llm.example.org" }),
        /^hostname: must be in zone example\.com/,
    ],
    [
        "the config",
        "a hostname two levels below the zone, without a certificate for it",
        () => config({ hostname: "a.b.example.com" }),
        /^hostname: must be one level below example\.com/,
    ],
    [
        "the config",
        "a plan too small for the rate limit",
        () => config({ rateLimit: { requests: 60, perSeconds: 600 } }),
        /^rateLimit\.perSeconds: must be at most 60 with plan pro/,
    ],
    [
        "the config",
        "a plan too small for the timeout",
        () => config({ proxyTimeoutSeconds: 300 }),
        /^proxyTimeoutSeconds: must be 125 with plan pro/,
    ],
    ["the config", "a duration in days", () => credential({ duration: "365d" }), /duration: must be a duration/],
    [
        "the config",
        "an expiry that is not a day",
        () => credential({ expires: "2027-02-30" }),
        /expires: must be a day/,
    ],
    [
        "the config",
        "a secret overlap that ends on no valid day",
        () => credential({ secretVersion: 2, previousSecretExpires: "soon" }),
        /previousSecretExpires: must be a day/,
    ],
    [
        "the config",
        "a private key that cannot be read",
        () => config({ tunnel: { ...TUNNEL, hosts: [{ ...HOST, privateKey: "~/.ssh/id_ed25519" }] } }),
        /^tunnel\.hosts\[0\]\.privateKey: must be a private key, from BEGIN to END/,
    ],
    [
        "the data",
        "a proxied record with a ttl",
        () => data("- { name: a.example.com, type: A, content: 192.0.2.1, proxied: true, ttl: 300 }"),
        /^dns\/example\.com\.yaml:1 a\.example\.com A ttl: must not be set for a proxied record/,
    ],
    [
        "the data",
        "a CNAME at the apex next to an address",
        () =>
            data(
                '- { name: "@", type: CNAME, ttl: 300, content: x.example.net }',
                '- { name: "@", type: A, ttl: 300, content: 192.0.2.1 }',
            ),
        /^dns\/example\.com\.yaml:2 example\.com A: must not have the same name as a CNAME/,
    ],
    [
        "an export",
        "a file that is not a zone file",
        () => exported("Subject: the zone file\n"),
        /^zone\.txt:1: must be a record with the data of its type/,
    ],
    [
        "an export",
        "a file without records",
        () => exported("\n; nothing\n"),
        /^zone\.txt:1: must have records of a zone/,
    ],
    [
        "an export",
        "a line that is not a record, among valid ones",
        () => exported("$TTL 300\nwww A 192.0.2.1\nmail A 192.0.2.300\n"),
        /^zone\.txt:3: must be a record with the data of its type \(got A\)/,
    ],
];

const DENIED_ALL = { permissions: ["Zone Read"] };

describe("bad input of option cloudflare", () => {
    for (const [where, what, find, problem] of FOUND_AT_ONCE)
        it(`is found in ${where}: ${what}`, () => {
            const problems = find();
            assert.ok(problems.length >= 1, "nothing was found");
            assert.match(problems[0], problem);
            assert.equal(problems.length, 1, problems.join("\n"));
        });

    describe("that only the account can reveal", () => {
        let api: TestApi;
        beforeEach(async () => (api = await TestApi.start({ plan: "pro", certificateSeconds: 0 })));
        afterEach(() => api.close());

        const look = async (values: Values = {}, token = ADMIN) => {
            const all = { account: api.account.id, access: { teamName: api.account.organization.name }, ...values };
            const settings = parse(rawCloudflare({ consumers: CONSUMERS, ...all }), () => true, TODAY);
            assert.ok(settings.option === "cloudflare");
            try {
                await cloudflarePreflight(settings, "alpa-auth/test", { token, baseUrl: api.api.url });
                return [];
            } catch (error) {
                assert.ok(error instanceof PreflightError, String(error));
                assert.ok(!error.message.includes(token));
                return error.problems;
            }
        };
        const changes = () => api.api.requests.filter(({ method }) => method !== "GET").length;

        const refused: [what: string, find: () => Promise<string[]>, problem: RegExp][] = [
            [
                "an API token that Cloudflare rejects",
                () => look({}, "x".repeat(40)),
                /^cloudflare:apiToken: Cloudflare does not accept this token/,
            ],
            [
                "an API token without a permission",
                () => look({}, api.token(DENIED_ALL)),
                /^cloudflare:apiToken: lacks the permission "/,
            ],
            [
                "an account of another owner",
                () => look({ account: "f".repeat(32) }),
                /^cloudflare:apiToken: lacks the permission "Account: .* or correct account\.$|must be a zone of account f+ /,
            ],
            [
                "a zone that does not exist",
                () => look({ zone: { name: "example.net", plan: "pro" }, hostname: "llm.example.net" }),
                /^zone\.name: example\.net must be a zone that the token can read \(none is found\)/,
            ],
            [
                "a plan higher than the zone's",
                () => look({ zone: { name: "example.com", plan: "business" } }),
                /^zone\.plan: must be pro, the plan that example\.com has/,
            ],
        ];
        for (const [what, find, problem] of refused)
            it(`is found before any change: ${what}`, async () => {
                await api.zone("example.com");
                const before = changes();
                const problems = await find();
                assert.ok(problems.length >= 1, "nothing was found");
                for (const one of problems) assert.match(one, problem);
                assert.equal(changes(), before);
            });

        it("is not reported for a valid config", async () => {
            await api.zone("example.com");
            assert.deepEqual(await look(), []);
        });
    });
});
