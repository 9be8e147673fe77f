// Proves which problems stop a run before it changes anything at Cloudflare. The API is a fake with a table of answers.
// Engine tests use the sandbox's emulator.
import { strict as assert } from "node:assert";
import { cloudflarePreflight, exposurePreflight } from "../../../preflight/cloudflare";
import { PreflightError } from "../../../preflight/findings";
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
const ORGANIZATION = `accounts/${ACCOUNT}/access/organizations`;
const SERVICE_TOKENS = `accounts/${ACCOUNT}/access/service_tokens`;
const TUNNELS = `accounts/${ACCOUNT}/cfd_tunnel`;
const APPS = `accounts/${ACCOUNT}/access/apps`;
const RECORDS = `zones/${ZONE}/dns_records`;
const RULESETS = `zones/${ZONE}/rulesets`;
const PACKS = `zones/${ZONE}/ssl/certificate_packs`;
/** An account without findings. */
const FREE: World = {
    [SERVICE_TOKENS]: { result: [] },
    [TUNNELS]: { result: [] },
    [ORGANIZATION]: { result: { auth_domain: "example.cloudflareaccess.com", strict_service_token_auth: true } },
    [APPS]: { result: [] },
    zones: zone(),
    [RECORDS]: { result: [] },
    [RULESETS]: { result: [] },
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
    it("has no finding for a free account", async () => {
        assert.deepEqual(await run({}), { problems: [], warnings: [] });
    });

    it("of a gateway behind a tunnel reads nothing about Access", async () => {
        const world = { [SERVICE_TOKENS]: DENIED, [APPS]: DENIED, [ORGANIZATION]: DENIED };
        assert.deepEqual(await run(world, EXPOSURE), { problems: [], warnings: [] });
        assert.ok(!asked.some((line) => /access/.test(line)));
    });

    it("of a gateway behind a tunnel finds its problems", async () => {
        const { problems } = await run(
            {
                [RECORDS]: { result: [{ type: "A", content: "192.0.2.1" }] },
                [RULESETS]: {
                    result: [{ name: "theirs", kind: "zone", phase: "http_request_firewall_custom" }],
                },
            },
            EXPOSURE,
        );
        assert.deepEqual(
            problems.map((text) => text.split(":")[0]).sort(),
            ["browserChecks", "hostname"],
            problems.join("\n"),
        );
    });

    const refused: [why: string, world: World, values: Record<string, unknown>, ...problems: RegExp[]][] = [
        [
            "no permission for service tokens",
            { [SERVICE_TOKENS]: DENIED },
            {},
            /^cloudflare:apiToken: cannot read what needs the permission "Account: Access: Service Tokens: Edit" \(403, 10000 Authentication error\)\. Set a valid token/,
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
            "a secret older than Cloudflare's",
            { [SERVICE_TOKENS]: { result: [{ name: `${OWNER}/lab/2026b`, client_secret_version: 3 }] } },
            {},
            /^consumers: lab\/2026b: secretVersion must be at least 3, the version at Cloudflare \(got 2\).*rotate to 4 instead\.$/,
        ],
        [
            "another team",
            {
                [ORGANIZATION]: {
                    result: { auth_domain: "real.cloudflareaccess.com", strict_service_token_auth: true },
                },
            },
            {},
            /^teamName: the account's team is real \(got example\)/,
        ],
        [
            "a foreign application",
            { [APPS]: { result: [{ name: "Wiki", domain: "llm.example.com" }] } },
            {},
            /^hostname: llm\.example\.com has the Access application "Wiki", which is not this stack/,
        ],
        [
            "a record with the name of the stack's",
            { [RECORDS]: { result: [{ type: "A", content: "192.0.2.1" }] } },
            {},
            /^hostname: llm\.example\.com already has another record \(A 192\.0\.2\.1\)/,
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
            /^browserChecks: phase \S+ of the zone, .* has "default", which is not this/,
        ],
        [
            "its own application from before the stack was renamed, and does not say to delete it",
            { [APPS]: { result: [{ name: "alpa-auth/old", domain: "llm.example.com" }] } },
            {},
            /^hostname: llm\.example\.com has the Access application "alpa-auth\/old", which is not this stack's\. If this stack had that name, rename it back: pulumi stack rename\. Otherwise choose another host name, or delete/,
        ],
        [
            "several things",
            { [APPS]: DENIED, [RECORDS]: DENIED },
            {},
            /permission "Zone: DNS: Edit"/,
            /permission "Account: Access: Apps/,
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
    ];
    for (const [what, more, values] of taken)
        it(`accepts ${what}`, async () => assert.deepEqual((await run(more, values)).problems, []));

    it("warns about 401, 403 and 302 where the team is not in strict mode", async () => {
        const { warnings } = await run({ [ORGANIZATION]: { result: { auth_domain: "example.cloudflareaccess.com" } } });
        assert.equal(warnings.length, 1);
        assert.match(warnings[0], /not in strict mode.*403 or a redirect \(302\).*401/);
    });
    it("warns about a hostname without a certificate, if it can read certificates", async () => {
        const pending = { [PACKS]: { result: [{ status: "pending_issuance", hosts: ["*.example.com"] }] } };
        const { warnings } = await run(pending, { hostname: "a.b.example.com" });
        assert.equal(warnings.length, 1);
        assert.match(
            warnings[0],
            /^hostname: needs an active edge certificate for a\.b\.example\.com \(got pending_iss/,
        );
        assert.deepEqual((await run({ [PACKS]: DENIED })).warnings, []);
    });
    it("warns about a pending zone, and about one that will be deleted", async () => {
        const servers = { name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"] };
        const [pending] = (await run({ zones: zone({ status: "pending", ...servers }) })).warnings;
        assert.match(pending, /is pending.*ada\.ns\.cloudflare\.com and bob.*28 days/);
        const [moved] = (await run({ zones: zone({ status: "moved", ...servers }) })).warnings;
        assert.match(moved, /is moved, so no caller reaches it.*7 days/);
    });
    it("stops at a phase of the zone's move that is not reached", async () => {
        const closed = ["127.0.0.1:9"];
        const dns = { phase: "delegated", oldServers: closed, parentServers: closed };
        const { problems } = await run({ zones: zone({ status: "pending" }) }, { dns });
        assert.ok(problems.length > 0);
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
    it("changes nothing: it only reads", async () => {
        await run({}, { notify: ["ops@example.com"], rateLimit: { requests: 1, perSeconds: 10 } });
        assert.ok(asked.length >= 7);
        assert.deepEqual(
            asked.filter((request) => !request.startsWith("GET ")),
            [],
        );
    });
    it("times out when an API does not answer, and names it", async () => {
        const { problems } = await run({ [TUNNELS]: { silent: true } }, {}, 0.3);
        assert.match(
            problems[0],
            /^cloudflare: the API at http:\/\/127\.0\.0\.1:\d+ does not answer \(no answer in 0\.3 s\)/,
        );
    });
});
