// Proves which problems stop a run before it changes anything at Cloudflare. The API is a fake with a table of answers.
// Engine tests use the sandbox's emulator.
import { strict as assert } from "node:assert";
import { cloudflarePreflight, exposurePreflight } from "../../../preflight/cloudflare";
import { PreflightError } from "../../../preflight/preflight-error";
import { ACCOUNT, cloudflareStack } from "../kit/cloudflare";
import { exposed, EXPOSURE, settings } from "../kit/intra-a";
import { serve } from "../kit/http";

const OWNER = "alpa-auth/test";
const TOKEN = "s3cret".repeat(8);
const ZONE = "z".repeat(32);

interface Reply {
    status?: number;
    result?: unknown;
    errors?: { code: number; message: string }[];
    /** Simulates a missing answer. */
    silent?: boolean;
}
type World = Record<string, Reply>;

const DENIED: Reply = { status: 403, errors: [{ code: 10000, message: "Authentication error" }] };
const zone = (more: object = {}) => ({
    result: [
        {
            id: ZONE,
            name: "example.com",
            account: { id: ACCOUNT },
            status: "active",
            plan: { legacy_id: "pro" },
            ...more,
        },
    ],
});
const VERIFY = "user/tokens/verify";
const ORGANIZATION = `accounts/${ACCOUNT}/access/organizations`;
const SERVICE_TOKENS = `accounts/${ACCOUNT}/access/service_tokens`;
const TUNNELS = `accounts/${ACCOUNT}/cfd_tunnel`;
const APPS = `accounts/${ACCOUNT}/access/apps`;
const MAILS = `accounts/${ACCOUNT}/alerting/v3/policies`;
const RECORDS = `zones/${ZONE}/dns_records`;
const RULESETS = `zones/${ZONE}/rulesets`;
const PACKS = `zones/${ZONE}/ssl/certificate_packs`;
const TIMEOUT = `zones/${ZONE}/settings/proxy_read_timeout`;
const WORKERS = `accounts/${ACCOUNT}/workers/scripts`;
const WORKER_ROUTES = `zones/${ZONE}/workers/routes`;

/** An account without findings. */
const FREE: World = {
    [VERIFY]: { result: { status: "active" } },
    [SERVICE_TOKENS]: { result: [] },
    [TUNNELS]: { result: [] },
    [ORGANIZATION]: { result: { auth_domain: "example.cloudflareaccess.com", strict_service_token_auth: true } },
    [APPS]: { result: [] },
    [MAILS]: { result: [] },
    zones: zone(),
    [RECORDS]: { result: [] },
    [RULESETS]: { result: [] },
    [WORKERS]: { result: [] },
    [WORKER_ROUTES]: { result: [] },
    [TIMEOUT]: { result: { editable: true, value: 125 } },
    [PACKS]: { result: [{ status: "active", hosts: ["example.com", "*.example.com"] }] },
};

describe("preflight of Cloudflare", () => {
    let baseUrl: string;
    let world: World;
    let asked: string[];
    beforeEach(async () => {
        asked = [];
        baseUrl = await serve((request, response) => {
            const { pathname, searchParams } = new URL(request.url!, "http://x");
            asked.push(`${request.method} ${request.url!}`);
            const reply = world[pathname.slice(1)] ?? { status: 501, errors: [{ code: 1, message: `no ${pathname}` }] };
            if (reply.silent) return;
            const authorized = request.headers.authorization === `Bearer ${TOKEN}`;
            const { status = 200, errors = [] } = authorized ? reply : { status: 401, errors: [] };
            // Like Cloudflare, returns pages of at most the requested size, and an empty page after the last one.
            const [page, size] = [Number(searchParams.get("page") ?? 1), Number(searchParams.get("per_page") ?? 20)];
            const { result } = reply;
            const part = Array.isArray(result) ? result.slice((page - 1) * size, page * size) : result;
            response.writeHead(status, { "Content-Type": "application/json" });
            response.end(
                JSON.stringify(
                    status >= 400 ? { success: false, errors, result: null } : { success: true, errors, result: part },
                ),
            );
        });
    });

    const run = async (more: World, values: Record<string, unknown> = {}, seconds = 5) => {
        world = { ...FREE, ...more };
        try {
            const access = { token: TOKEN, baseUrl };
            const warnings =
                values.exposure === "tunnel"
                    ? await exposurePreflight(
                          settings("helm", exposed("helm", values)).exposure!,
                          OWNER,
                          access,
                          seconds,
                      )
                    : await cloudflarePreflight(cloudflareStack(values), OWNER, access, seconds);
            return { problems: [] as string[], warnings };
        } catch (error) {
            assert.ok(error instanceof PreflightError, String(error));
            assert.doesNotMatch(error.message, /s3cret/);
            return { problems: error.problems, warnings: [] as string[] };
        }
    };
    const live = (n: number, prefix = "other/") => Array.from({ length: n }, (_, i) => ({ name: `${prefix}${i}` }));
    const ENTERPRISE = { zone: { name: "example.com", plan: "enterprise" }, proxyTimeoutSeconds: 600 };
    const REAL_ENTERPRISE = zone({ plan: { legacy_id: "enterprise" } });

    it("has no finding for a free account", async () => {
        assert.deepEqual(await run({}), { problems: [], warnings: [] });
    });

    it("of a gateway behind a tunnel reads nothing about Access and mails", async () => {
        const world = { [SERVICE_TOKENS]: DENIED, [APPS]: DENIED, [ORGANIZATION]: DENIED, [MAILS]: DENIED };
        assert.deepEqual(await run(world, EXPOSURE), { problems: [], warnings: [] });
        assert.ok(!asked.some((line) => /access|alerting/.test(line)));
    });

    it("of a gateway behind a tunnel finds its problems", async () => {
        const { problems } = await run(
            {
                zones: zone({ plan: { legacy_id: "free" } }),
                [TUNNELS]: { result: [{ name: "alpa-auth-test", config_src: "local" }] },
                [RECORDS]: { result: [{ type: "A", content: "192.0.2.1" }] },
                [RULESETS]: {
                    result: [{ name: "theirs", kind: "zone", phase: "http_request_firewall_custom" }],
                },
            },
            EXPOSURE,
        );
        assert.deepEqual(
            problems.map((text) => text.split(":")[0]).sort(),
            ["browserChecks", "hostname", "tunnel", "zone.plan"],
            problems.join("\n"),
        );
    });

    const refused: [why: string, world: World, values: Record<string, unknown>, ...problems: RegExp[]][] = [
        [
            "an invalid token",
            { [VERIFY]: { status: 401, errors: [{ code: 1000, message: "Invalid API Token" }] } },
            {},
            /^cloudflare:apiToken: Cloudflare does not accept this token \(401, 1000 Invalid API Token\)/,
        ],
        [
            "an expired token",
            { [VERIFY]: { result: { status: "expired" } } },
            {},
            /Cloudflare does not accept this token \(it is expired\)/,
        ],
        [
            "no permission for service tokens",
            { [SERVICE_TOKENS]: DENIED },
            {},
            /lacks the permission "Account: Access: Service Tokens: Edit" \(403, 10000 Authentication error\)\. Add the permission to the token, or correct account\.$/,
        ],
        ["no permission for tunnels", { [TUNNELS]: DENIED }, {}, /permission "Account: Cloudflare Tunnel: Edit"/],
        [
            "no permission for applications",
            { [APPS]: DENIED },
            {},
            /permission "Account: Access: Apps and Policies: Edit"/,
        ],
        [
            "no permission for records",
            { [RECORDS]: DENIED },
            {},
            /permission "Zone: DNS: Edit" .*\. Add the permission to the token\.$/,
        ],
        ["no permission for rules", { [RULESETS]: DENIED }, {}, /permission "Zone: Zone WAF: Edit"/],
        ["no permission for Workers", { [WORKERS]: DENIED }, {}, /permission "Account: Workers Scripts: Edit"/],
        [
            "no permission for routes of Workers",
            { [WORKER_ROUTES]: DENIED },
            {},
            /permission "Zone: Workers Routes: Edit"/,
        ],
        [
            "a foreign Worker on a path of the name",
            { [WORKER_ROUTES]: { result: [{ pattern: "https://llm.example.com/alpa/*", script: "other" }] } },
            {},
            /^hostname: llm\.example\.com has a foreign Worker \(route https:\/\/llm\.example\.com\/alpa\/\*, Worker other\)/,
        ],
        [
            "a route that keeps requests of the name from every Worker",
            { [WORKER_ROUTES]: { result: [{ pattern: "llm.example.com/completions" }] } },
            {},
            /route llm\.example\.com\/completions, Worker none/,
        ],
        [
            "no permission for mails",
            { [MAILS]: DENIED },
            { notify: ["ops@example.com"] },
            /permission "Account: Notifications: Edit"/,
        ],
        [
            "no permission for settings",
            { [TIMEOUT]: DENIED, zones: zone({ plan: { legacy_id: "enterprise" } }) },
            ENTERPRISE,
            /permission "Zone: Zone Settings: Edit"/,
        ],
        [
            "an account that does not exist",
            { [TUNNELS]: { status: 404, errors: [{ code: 7003, message: "Could not route" }] } },
            {},
            /^account: the token may not use this account.*7003 Could not route/,
        ],
        [
            "a zone that does not exist",
            { zones: { result: [] } },
            {},
            /^zone\.name: the token can read no zone example\.com\. /,
        ],
        [
            "a zone of another account",
            { zones: zone({ account: { id: "f".repeat(32) } }) },
            {},
            /^zone\.name: zone example\.com is not in account \S+ but in f{32}\./,
        ],
        [
            "the creation of a zone of another account",
            { zones: zone({ account: { id: "f".repeat(32) } }) },
            { zone: { name: "example.com", manage: "create", plan: "pro" } },
            /is not in account/,
        ],
        [
            "a plan higher than the zone's",
            { zones: zone({ plan: { legacy_id: "free" } }) },
            {},
            /^zone\.plan: zone example\.com has plan free \(got pro\)/,
        ],
        [
            "48 tokens of others and 3 new ones",
            { [SERVICE_TOKENS]: { result: live(48) } },
            {},
            /would have 51 service tokens \(48 existing, 3 new\), and Cloudflare's limit is 50/,
        ],
        ["120 tokens over three pages", { [SERVICE_TOKENS]: { result: live(120) } }, {}, /\(120 existing, 3 new\)/],
        [
            "a secret older than Cloudflare's",
            { [SERVICE_TOKENS]: { result: [{ name: `${OWNER}/lab/2026b`, client_secret_version: 3 }] } },
            {},
            /^consumers: lab\/2026b: secretVersion must be at least 3, the version at Cloudflare \(got 2\).*rotate to 4 instead\.$/,
        ],
        [
            "a tunnel that is configured by a local file",
            { [TUNNELS]: { result: [{ name: "alpa-auth-test", config_src: "local" }] } },
            {},
            /^tunnel: this stack did not create the existing tunnel alpa-auth-test/,
        ],
        [
            "another team",
            {
                [ORGANIZATION]: {
                    result: { auth_domain: "real.cloudflareaccess.com", strict_service_token_auth: true },
                },
            },
            {},
            /^access\.teamName: the account's team is real \(got example\)/,
        ],
        [
            "a foreign application",
            { [APPS]: { result: [{ name: "Wiki", domain: "llm.example.com" }] } },
            {},
            /^hostname: llm\.example\.com has a foreign Access application \("Wiki"\)/,
        ],
        [
            "a foreign application on a path of the name",
            { [APPS]: { result: [{ name: "Wiki", destinations: [{ uri: "LLM.example.com/admin" }] }] } },
            {},
            /^hostname: LLM\.example\.com\/admin has a foreign Access application \("Wiki"\)/,
        ],
        [
            "a record with the name of the stack's",
            { [RECORDS]: { result: [{ type: "A", content: "192.0.2.1" }] } },
            {},
            /^hostname: llm\.example\.com already has another record \(A 192\.0\.2\.1\)/,
        ],
        [
            "an address together with other records of the name",
            {
                [RECORDS]: {
                    result: [
                        { type: "TXT", content: "v=spf1 -all" },
                        { type: "AAAA", content: "2001:db8::1" },
                    ],
                },
            },
            {},
            /^hostname: llm\.example\.com already has another record \(AAAA 2001:db8::1\)/,
        ],
        [
            "the record of another tunnel",
            {
                [TUNNELS]: {
                    result: [
                        { id: "x", name: "alpa-auth-test" },
                        { id: "y", name: "alpa-auth-test2" },
                    ],
                },
                [RECORDS]: { result: [{ type: "CNAME", content: "y.cfargotunnel.com" }] },
            },
            {},
            /^hostname: llm\.example\.com already has another record \(CNAME y\.cfargotunnel\.com\)/,
        ],
        [
            "rules in the phase of the stack's",
            { [RULESETS]: { result: [{ kind: "zone", phase: "http_request_firewall_custom", name: "default" }] } },
            {},
            /^browserChecks: the zone has foreign rules .*"default"/,
        ],
        [
            "its own application from before the stack was renamed, and does not say to delete it",
            { [APPS]: { result: [{ name: "alpa-auth/old", domain: "llm.example.com" }] } },
            {},
            /^hostname: llm\.example\.com has the Access application of stack old\. If that was this stack's earlier name, rename this stack back: pulumi stack rename old\. Otherwise choose another name, or destroy that stack\.$/,
        ],
        [
            "its own rules from before the stack was renamed, and says to rename it back first",
            {
                [RULESETS]: {
                    result: [{ kind: "zone", phase: "http_request_firewall_custom", name: "alpa-auth/old" }],
                },
            },
            {},
            /^browserChecks: the zone has the rules of stack old in phase \S+, .*\. If that was this stack's earlier name, rename this stack back: pulumi stack rename old\. Otherwise, to keep those rules, set browserChecks to keep, /,
        ],
        [
            "a timeout that the plan does not have",
            { [TIMEOUT]: { result: { editable: false } }, zones: zone({ plan: { legacy_id: "enterprise" } }) },
            ENTERPRISE,
            /^proxyTimeoutSeconds: the zone's plan does not include this setting/,
        ],
        [
            "several things",
            { [APPS]: DENIED, [RECORDS]: DENIED, zones: zone({ plan: { legacy_id: "free" } }) },
            {},
            /^zone\.plan|apiToken/,
            /./,
            /./,
        ],
    ];
    for (const [why, more, values, ...expected] of refused)
        it(`rejects ${why}`, async () => {
            const { problems } = await run(more, values);
            assert.equal(problems.length, expected.length, problems.join("\n"));
            expected.forEach((e, i) => assert.match(problems[i], e));
        });

    const taken: [what: string, world: World, values?: Record<string, unknown>][] = [
        [
            "a token of the account instead of a user",
            { [VERIFY]: { status: 401 }, [`accounts/${ACCOUNT}/tokens/verify`]: { result: { status: "active" } } },
        ],
        [
            "50 tokens with its own among them",
            {
                [SERVICE_TOKENS]: {
                    result: [
                        ...live(47),
                        ...["lab/2026a", "lab/2026b", "nlp/2026a"].map((who) => ({ name: `${OWNER}/${who}` })),
                    ],
                },
            },
        ],
        [
            "the resources of an earlier run",
            {
                [TUNNELS]: { result: [{ id: "x", name: "alpa-auth-test", config_src: "cloudflare" }] },
                [APPS]: { result: [{ name: OWNER, domain: "llm.example.com" }] },
                [RECORDS]: { result: [{ type: "CNAME", content: "x.cfargotunnel.com" }] },
                [RULESETS]: { result: [{ kind: "zone", phase: "http_request_firewall_custom", name: OWNER }] },
            },
        ],
        [
            "Cloudflare's own rules in addition",
            { [RULESETS]: { result: [{ kind: "managed", phase: "http_request_firewall_custom", name: "x" }] } },
        ],
        ["rules of others where it creates none", { [RULESETS]: DENIED }, { browserChecks: "keep" }],
        [
            "a zone to create that does not exist",
            { zones: { result: [] } },
            { zone: { name: "example.com", manage: "create", plan: "pro" } },
        ],
        ["mail records of the name", { [RECORDS]: { result: [{ type: "TXT", content: "v=spf1 -all" }] } }],
    ];
    for (const [what, more, values] of taken)
        it(`accepts ${what}`, async () => assert.deepEqual((await run(more, values)).problems, []));

    it("warns about 401, 403 and 302 where the team is not in strict mode", async () => {
        const { warnings } = await run({ [ORGANIZATION]: { result: { auth_domain: "example.cloudflareaccess.com" } } });
        assert.equal(warnings.length, 1);
        assert.match(warnings[0], /not in strict mode.*403 or a redirect \(302\).*401/);
    });
    it("warns about a hostname without a certificate, also while it cannot read certificates", async () => {
        const { warnings } = await run(
            { [PACKS]: { result: [{ status: "pending_issuance", hosts: ["*.example.com"] }] } },
            { hostname: "a.b.example.com", certificate: "advanced" },
        );
        assert.equal(warnings.length, 1);
        assert.match(
            warnings[0],
            /^hostname: needs an active edge certificate for a\.b\.example\.com \(got pending_iss/,
        );
        assert.match((await run({ [PACKS]: DENIED })).warnings[0], /Give the token "Zone: SSL and Certificates: Read"/);
        assert.deepEqual((await run({ [PACKS]: DENIED, zones: zone({ status: "initializing" }) })).warnings.length, 1);
    });
    it("needs permission to read certificates only until the names point to the tunnel", async () => {
        const led = {
            [TUNNELS]: { result: [{ id: "x", name: "alpa-auth-test", config_src: "cloudflare" }] },
            [RECORDS]: { result: [{ type: "CNAME", content: "x.cfargotunnel.com" }] },
        };
        assert.deepEqual((await run({ ...led, [PACKS]: DENIED })).warnings, []);
        const lapsed = { [PACKS]: { result: [{ status: "expired", hosts: ["*.example.com"] }] } };
        assert.match((await run({ ...led, ...lapsed })).warnings[0], /^hostname: needs an active edge certificate/);
    });
    it("warns about a timeout that an earlier run left in the zone, and says how to reset it", async () => {
        const enterprise = { ...ENTERPRISE, proxyTimeoutSeconds: undefined };
        const left = async (value: number, more: World = {}) =>
            (await run({ [TIMEOUT]: { result: { value } }, zones: REAL_ENTERPRISE, ...more }, enterprise)).warnings;
        const [warning, ...others] = await left(600);
        assert.match(
            warning,
            /^proxyTimeoutSeconds: not set, but zone example\.com has 600 s, .* Set 125 to restore the default/,
        );
        assert.deepEqual(others, []);
        assert.deepEqual(await left(125), []);
        assert.deepEqual(await left(600, { [TIMEOUT]: DENIED }), []);
    });
    it("reads no timeout on other plans", async () => {
        await run({});
        assert.ok(!asked.some((request) => request.includes("/settings/")));
    });
    it("warns where the team cannot be read", async () => {
        assert.match((await run({ [ORGANIZATION]: DENIED })).warnings[0], /^access\.teamName: not checked/);
    });
    it("warns about a pending zone, and about one that will be deleted", async () => {
        const servers = { name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"] };
        const [pending] = (await run({ zones: zone({ status: "pending", ...servers }) })).warnings;
        assert.match(pending, /is pending.*28 days.*ada\.ns\.cloudflare\.com and bob/);
        const [moved] = (await run({ zones: zone({ status: "moved", ...servers }) })).warnings;
        assert.match(moved, /no longer uses Cloudflare's name servers.*7 days/);
    });
    it("stops at a phase of the zone's move that is not reached", async () => {
        const closed = ["127.0.0.1:9"];
        const dns = { phase: "delegated", oldServers: closed, parentServers: closed };
        const { problems } = await run({ zones: zone({ status: "pending" }) }, { dns });
        assert.ok(problems.length > 0);
        assert.ok(asked.includes(`GET /zones?name=example.com&account.id=${ACCOUNT}`), asked.join("\n"));
        for (const problem of problems)
            assert.match(problem, /^dns\.phase: delegated needs the state of the move, which is unknown/);
    });
    it("reports the state of the move in its first phase, instead of warnings about the zone alone", async () => {
        const closed = ["127.0.0.1:9"];
        const { problems, warnings } = await run(
            { zones: zone({ status: "moved", name_servers: ["ada.ns.cloudflare.com"] }) },
            { dns: { oldServers: closed, parentServers: closed } },
        );
        assert.deepEqual(problems, []);
        assert.ok(warnings.length > 0 && warnings.every((warning) => warning.startsWith("dns: ")), warnings.join("\n"));
    });
    it("warns about records that are neither in the data nor the stack's", async () => {
        const stranger = { name: "old.example.com", type: "MX", content: "mail.example.net" };
        const own = { name: "llm.example.com", type: "CNAME", content: "x.cfargotunnel.com" };
        const more = {
            [RECORDS]: { result: [own, stranger] },
            [TUNNELS]: { result: [{ id: "x", name: "alpa-auth-test" }] },
            zones: zone({ status: "pending" }),
        };
        const closed = { oldServers: ["127.0.0.1:9"], parentServers: ["127.0.0.1:9"] };
        const said = (warnings: string[]) => warnings.filter((warning) => warning.includes("not in the records file"));
        const found = said((await run(more, { hostname: "llm.example.com", dns: closed })).warnings);
        assert.equal(found.length, 1);
        assert.match(found[0], /not in the records file: old\.example\.com MX\. The stack does not change them/);
        const free = { ...more, [RECORDS]: { result: [own] } };
        assert.deepEqual(said((await run(free, { dns: closed })).warnings), []);
    });
    it("reads nothing else with an invalid token", async () => {
        await run({ [VERIFY]: { status: 401 } });
        assert.deepEqual(asked, ["GET /user/tokens/verify", `GET /accounts/${ACCOUNT}/tokens/verify`]);
    });
    it("changes nothing: it only reads", async () => {
        await run({}, { notify: ["ops@example.com"], rateLimit: { requests: 1, perSeconds: 10 } });
        assert.ok(asked.length >= 8);
        assert.deepEqual(
            asked.filter((request) => !request.startsWith("GET ")),
            [],
        );
    });
    it("accepts the stack's own Worker, and Workers of other names", async () => {
        const own = { pattern: "llm.example.com/*", script: "alpa-auth-test" };
        const result = [own, { pattern: "www.example.com/*", script: "other" }, { pattern: "*example.com/*" }];
        const scripts = { result: [{ id: "alpa-auth-test" }, { id: "other" }] };
        assert.deepEqual(await run({ [WORKERS]: scripts, [WORKER_ROUTES]: { result } }), {
            problems: [],
            warnings: [],
        });
    });

    it("warns before it overwrites a Worker of its name without a route", async () => {
        const { warnings } = await run({ [WORKERS]: { result: [{ id: "alpa-auth-test" }] } });
        assert.match(warnings.join(), /^edgeWorker: the account has a Worker alpa-auth-test .* overwrites that Worker/);
    });

    it("reads nothing about Workers where none may run", async () => {
        const off = { edgeWorker: { enabled: false, reason: "no Workers here" } };
        const { problems } = await run({ [WORKERS]: DENIED, [WORKER_ROUTES]: DENIED }, off);
        assert.deepEqual(problems, []);
        assert.ok(!asked.some((line) => line.includes("workers")));
    });

    it("times out when an API does not answer, and names it", async () => {
        const { problems } = await run({ [TUNNELS]: { silent: true } }, {}, 0.3);
        assert.match(
            problems[0],
            /^cloudflare: the API at http:\/\/127\.0\.0\.1:\d+ does not answer \(no answer in 0\.3 s\)/,
        );
    });
    it("names an API that is unreachable", async () => {
        const access = { token: TOKEN, baseUrl: "http://127.0.0.1:1" };
        await assert.rejects(
            cloudflarePreflight(cloudflareStack(), OWNER, access),
            /does not answer \((ECONNREFUSED|bad port)/,
        );
    });
});
