/**
 * Proves that WAF rules and rate limits act before Access, as far as they are emulated, and that no other rule is silently
 * ignored.
 */
import assert from "node:assert/strict";
import type { RateLimit, RulesetRule } from "../../../cloudflare/account";
import { renderRateLimit } from "../../../../components/cloudflare/edge-rules";
import { HOST, shows, World } from "./kit";

const CUSTOM = "http_request_firewall_custom";
const limit = (change: Partial<RateLimit> = {}): RateLimit => ({
    characteristics: ["cf.colo.id", "ip.src"],
    period: 10,
    requests_per_period: 2,
    mitigation_timeout: 30,
    requests_to_origin: false,
    ...change,
});

describe("Cloudflare edge: rules", () => {
    let world: World;
    before(async () => {
        world = await World.start();
        await world.connect();
    });
    after(() => world.close());
    beforeEach(() => {
        world.account.rulesets.clear();
        world.account.applications.clear();
        world.account.setPlan(world.zone, "enterprise");
        world.seen.length = 0;
    });
    const statuses = async (n: number, headers = {}, path = "/") => {
        const all: number[] = [];
        for (let i = 0; i < n; i++) all.push((await world.send({ headers, path })).status);
        return all;
    };

    it("limits the rate, sends Retry-After, and accepts requests again after that", async () => {
        world.rules("http_ratelimit", [{ ratelimit: limit() }]);
        assert.deepEqual(await statuses(3), [200, 200, 429]);
        const reply = await world.send();
        assert.deepEqual([reply.status, reply.body, reply.headers["retry-after"]], [429, "error code: 1015", "30"]);
        world.account.advance(29);
        assert.deepEqual(await statuses(1), [429]);
        world.account.advance(2);
        assert.deepEqual(await statuses(3), [200, 200, 429]);
        assert.equal(world.seen.length, 4);
    });

    it("starts a new count after the period", async () => {
        world.rules("http_ratelimit", [{ ratelimit: limit() }]);
        assert.deepEqual(await statuses(2), [200, 200]);
        world.account.advance(10);
        assert.deepEqual(await statuses(2), [200, 200]);
    });

    it("counts callers separately by a header, and only requests that match the expression", async () => {
        const characteristics = ["cf.colo.id", 'http.request.headers["cf-access-client-id"]'];
        const expression = 'http.request.uri.path eq "/completions"';
        world.rules("http_ratelimit", [{ expression, ratelimit: limit({ characteristics }) }]);
        assert.deepEqual(await statuses(3, { "CF-Access-Client-Id": "a" }, "/completions"), [200, 200, 429]);
        assert.deepEqual(await statuses(1, { "CF-Access-Client-Id": "b" }, "/completions"), [200]);
        assert.deepEqual(await statuses(1, { "CF-Access-Client-Id": "a" }, "/logprobs"), [200]);
    });

    it("counts requests of each address separately", async () => {
        const perAddress = { requests: 2, perSeconds: 10, blockSeconds: 30 };
        const rule = renderRateLimit(perAddress, { hostnames: [HOST], plan: "enterprise" });
        const { characteristics } = rule.ratelimit;
        world.rules("http_ratelimit", [{ expression: rule.expression, ratelimit: limit({ characteristics }) }]);
        const token = world.token();
        world.application([world.policy("non_identity", [{ service_token: { token_id: token.id } }])]);
        const claim = { "CF-Access-Client-Id": token.client_id };
        const stranger = async () => (await world.send({ headers: claim, from: "127.0.0.2" })).status;
        assert.deepEqual([await stranger(), await stranger(), await stranger()], [403, 403, 429]);
        assert.deepEqual(await statuses(3, shows(token)), [200, 200, 429]);
    });

    it("answers with the rule's own response", async () => {
        const content = '{"type":"error","message":"too many requests","stacktrace":""}';
        const response = { status_code: 429, content_type: "application/json", content };
        world.rules("http_ratelimit", [
            { action_parameters: { response }, ratelimit: limit({ requests_per_period: 1 }) },
        ]);
        await world.send();
        const reply = await world.send();
        assert.deepEqual([reply.status, reply.headers["content-type"], reply.body], [429, "application/json", content]);
    });

    it("counts before Access: a caller that gets 403 is limited too", async () => {
        world.rules("http_ratelimit", [{ ratelimit: limit() }]);
        const token = world.token();
        world.application([world.policy("non_identity", [{ service_token: { token_id: token.id } }])]);
        assert.deepEqual(await statuses(3), [403, 403, 429]);
        assert.deepEqual(await statuses(1, shows(token)), [429]);
    });

    it("blocks by a custom rule, unless an earlier rule skips", async () => {
        const office = {
            action: "skip",
            expression: "ip.src in {10.0.0.0/8}",
            action_parameters: { ruleset: "current" },
        };
        const block = { expression: 'not starts_with(http.request.uri.path, "/completions")' };
        world.rules(CUSTOM, [office, block]);
        assert.deepEqual(await statuses(1, {}, "/completions"), [200]);
        const reply = await world.send({ path: "/other" });
        assert.deepEqual([reply.status, reply.body], [403, "error code: 1020"]);
        world.account.rulesets.clear();
        world.rules(CUSTOM, [{ ...office, expression: "ip.src in {10.0.0.0/8 127.0.0.1}" }, block]);
        assert.deepEqual(await statuses(1, {}, "/other"), [200]);
    });

    it("can skip the rate limits by a rule", async () => {
        world.rules(CUSTOM, [{ action: "skip", action_parameters: { phases: ["http_ratelimit"] } }]);
        world.rules("http_ratelimit", [{ ratelimit: limit({ requests_per_period: 1 }) }]);
        assert.deepEqual(await statuses(3), [200, 200, 200]);
    });

    describe("browser check", () => {
        const script = { "User-Agent": "Python-urllib/3.12" };
        const skip = (
            action_parameters: RulesetRule["action_parameters"],
            expression = 'http.host eq "api.example.com"',
        ) => world.rules(CUSTOM, [{ action: "skip", expression, action_parameters }]);
        afterEach(() => world.zone.settings.clear());

        it("rejects an abusive user agent with 403 and 1010, before Access and the origin", async () => {
            const token = world.token();
            world.application([world.policy("non_identity", [{ service_token: { token_id: token.id } }])]);
            const reply = await world.send({ headers: { ...script, ...shows(token) } });
            assert.deepEqual([reply.status, reply.body], [403, "error code: 1010"]);
            assert.equal(world.seen.length, 0);
        });

        it("admits other user agents, and requests without a user agent", async () => {
            for (const agent of ["curl/8.5.0", "python-requests/2.32.3", "Mozilla/5.0 (X11; Linux x86_64)"])
                assert.deepEqual(await statuses(1, { "User-Agent": agent }), [200], agent);
            assert.deepEqual(await statuses(1), [200]);
        });

        it("is skipped by a rule for the requests that it matches", async () => {
            skip({ products: ["bic", "securityLevel"] });
            assert.deepEqual(await statuses(1, script), [200]);
            world.account.rulesets.clear();
            skip({ products: ["bic"] }, 'http.host eq "other.example.com"');
            assert.deepEqual(await statuses(1, script), [403]);
        });

        it("is not skipped by a rule that skips something else", async () => {
            const parameters: RulesetRule["action_parameters"][] = [
                { products: ["securityLevel"] },
                { phases: ["http_ratelimit"] },
                { ruleset: "current" },
            ];
            for (const others of parameters) {
                world.account.rulesets.clear();
                skip(others);
                assert.deepEqual(await statuses(1, script), [403], JSON.stringify(others));
            }
        });

        it("can be turned off for the zone", async () => {
            world.zone.settings.set("browser_check", { value: "off", modified_on: world.account.stamp() });
            assert.deepEqual(await statuses(1, script), [200]);
        });
    });

    it("ignores a disabled rule, and only records a match of a log rule", async () => {
        world.rules(CUSTOM, [{ enabled: false }, { action: "log", ref: "watch" }]);
        assert.deepEqual(await statuses(1), [200]);
        assert.match(world.lines.join("\n"), /rule watch matched api\.example\.com\//);
    });

    const refused: [
        what: string,
        phase: string,
        rule: Parameters<World["rules"]>[1][0],
        plan: "free" | "enterprise",
        named: RegExp,
    ][] = [
        ["a challenge", CUSTOM, { action: "managed_challenge" }, "enterprise", /action managed_challenge/],
        [
            "an unknown field",
            CUSTOM,
            { expression: "true or cf.threat_score gt 10" },
            "enterprise",
            /field cf\.threat_score/,
        ],
        ["unknown syntax", CUSTOM, { expression: 'http.host wildcard "*"' }, "enterprise", /wildcard/],
        ["another phase", "http_config_settings", { action: "set_config" }, "enterprise", /phase http_config_settings/],
        [
            "counting at the origin",
            "http_ratelimit",
            { ratelimit: limit({ requests_to_origin: true }) },
            "enterprise",
            /requests_to_origin/,
        ],
        [
            "a counting header that the plan does not include",
            "http_ratelimit",
            { ratelimit: limit({ characteristics: ['http.request.headers["x"]'] }) },
            "free",
            /plan free/,
        ],
        [
            "a field that the plan does not include",
            "http_ratelimit",
            { expression: 'http.host eq "a"', ratelimit: limit() },
            "free",
            /http\.host.*plan free/,
        ],
    ];
    for (const [what, phase, rule, plan, named] of refused)
        it(`rejects ${what} by name`, async () => {
            world.account.setPlan(world.zone, plan);
            world.rules(phase, [rule]);
            const reply = await world.send();
            assert.equal(reply.status, 501);
            assert.match(reply.body, named);
            assert.equal(world.seen.length, 0);
        });
});
