/**
 * Proves that rulesets are stored as sent and that rules beyond the plan are rejected, according to Cloudflare's documentation.
 */
import assert from "node:assert/strict";
import type { Plan } from "../../../cloudflare/account";
import { TestApi } from "../kit";

const OWN = { status_code: 429, content_type: "application/json", content: "{}" };

describe("A ruleset at the Cloudflare emulator", () => {
    let api: TestApi;
    let zone: string;
    beforeEach(async () => {
        api = await TestApi.start({ plan: "enterprise" });
        zone = await api.zone();
    });
    afterEach(() => api.close());

    const limit = (more: object = {}) => ({
        ...{ characteristics: ["cf.colo.id", "ip.src"], period: 10, requests_per_period: 5, mitigation_timeout: 10 },
        requests_to_origin: false,
        ...more,
    });
    const rule = (more: object = {}) => ({
        ...{ ref: "a", action: "block", expression: '(http.request.uri.path eq "/completions")', description: "" },
        ...{ enabled: true, action_parameters: {}, ratelimit: limit() },
        ...more,
    });
    const ruleset = (rules: object[], phase = "http_ratelimit") => ({
        name: "r",
        kind: "zone",
        phase,
        description: "",
        rules,
    });
    const create = (rules: object[], phase?: string) => api.post(`zones/${zone}/rulesets`, ruleset(rules, phase));

    it("returns what was sent, with ids and versions", async () => {
        const { result } = await create([rule()]);
        assert.match(result.id, /^[0-9a-f]{32}$/);
        assert.equal(result.version, "1");
        const { id, version, last_updated, ...rest } = result.rules[0];
        assert.match(id, /^[0-9a-f]{32}$/);
        assert.deepEqual([version, last_updated, rest], ["1", result.last_updated, rule()]);
        assert.deepEqual((await api.get(`zones/${zone}/rulesets/${result.id}`)).result, result);
    });

    it("keeps a rule's id only while its ref stays the same", async () => {
        const made = (await create([rule(), rule({ ref: undefined })])).result;
        assert.equal(made.rules[1].ref, made.rules[1].id);
        const changed = [rule({ ref: undefined }), rule({ description: "new" })];
        const { result } = await api.put(`zones/${zone}/rulesets/${made.id}`, ruleset(changed));
        assert.equal(result.version, "2");
        assert.deepEqual([result.rules[1].id, result.rules[1].version], [made.rules[0].id, "2"]);
        assert.ok(!made.rules.some((before: any) => before.id === result.rules[0].id));
    });

    it("accepts its own answer as a request, ids included, but no id of another ruleset", async () => {
        const made = (await create([rule({ ref: undefined }), rule()])).result;
        const { result } = await api.put(`zones/${zone}/rulesets/${made.id}`, ruleset(made.rules));
        assert.deepEqual(result.rules, made.rules);
        const other = await api.put(`zones/${zone}/rulesets/${made.id}`, ruleset([rule({ id: "0".repeat(32) })]));
        assert.deepEqual([other.status, /rules\.0\.id/.test(other.message)], [400, true]);
        assert.equal((await create([rule({ id: made.rules[0].id })], "http_ratelimit")).status, 400);
    });

    it("keeps the version of an unchanged rule", async () => {
        const made = (await create([rule()])).result;
        const { result } = await api.put(`zones/${zone}/rulesets/${made.id}`, ruleset([rule()]));
        assert.deepEqual([result.version, result.rules[0].version], ["2", "1"]);
    });

    it("is deleted with 204 and no body", async () => {
        const { id } = (await create([rule()])).result;
        const got = await api.delete(`zones/${zone}/rulesets/${id}`);
        assert.deepEqual([got.status, got.text], [204, ""]);
        assert.equal((await api.get(`zones/${zone}/rulesets/${id}`)).status, 404);
    });

    it("is rejected if the zone has a ruleset for the same phase", async () => {
        await create([rule()]);
        const again = await create([rule()]);
        assert.deepEqual([again.status, again.code], [400, 20217]);
        const skip = rule({ action: "skip", ratelimit: undefined, action_parameters: { products: ["bic"] } });
        assert.equal((await create([skip], "http_request_firewall_custom")).status, 200);
    });

    it("rejects a rule that skips nothing", async () => {
        const got = await create([rule({ action: "skip", ratelimit: undefined })], "http_request_firewall_custom");
        assert.deepEqual([got.status, /action skip/.test(got.message)], [400, true]);
    });

    const refused: [why: string, rules: object[], names: RegExp][] = [
        ["an unknown action", [rule({ action: "drop" })], /rules\.0\.action: /],
        [
            "a product in capitals",
            [rule({ action_parameters: { products: ["BIC"] } })],
            /action_parameters\.products\.0: /,
        ],
        [
            "a phase that cannot be skipped",
            [rule({ action_parameters: { phases: ["http_request_late"] } })],
            /phases\.0: /,
        ],
        ["an empty expression", [rule({ expression: "" })], /rules\.0\.expression: /],
        ["text without a comparison", [rule({ expression: "(http.host)" })], /rules\.0\.expression: /],
        ["an open bracket", [rule({ expression: '(http.host eq "a)"' })], /rules\.0\.expression: /],
        ["an operator without a value", [rule({ expression: "http.host eq" })], /rules\.0\.expression: /],
        ["two values without an operator", [rule({ expression: "(http.host llm)" })], /rules\.0\.expression: .*"llm"/],
        ["an unknown field", [rule({ expression: '(http.hots eq "a")' })], /rules\.0\.expression: .*http\.hots/],
        ["a text instead of an address", [rule({ expression: "ip.src in {10.0.0.0/33}" })], /rules\.0\.expression: /],
        [
            "an invalid pattern",
            [rule({ expression: 'not (http.request.uri.path matches "(")' })],
            /rules\.0\.expression: /,
        ],
        ["a value without quotes", [rule({ expression: "(http.host eq llm.example.com)" })], /rules\.0\.expression: /],
        [
            "a period that the plan does not have",
            [rule({ ratelimit: limit({ period: 11 }) })],
            /rules\.0\.ratelimit\.period: .*10, 15, .*\(got 11\)/,
        ],
        ["no cf.colo.id", [rule({ ratelimit: limit({ characteristics: ["ip.src"] }) })], /cf\.colo\.id/],
        [
            "a counting header in capitals",
            [rule({ ratelimit: limit({ characteristics: ["cf.colo.id", 'http.request.headers["X-Team"]'] }) })],
            /rules\.0\.ratelimit\.characteristics\.1: .*lowercase header name/,
        ],
        [
            "no counting field",
            [rule({ ratelimit: limit({ characteristics: ["cf.colo.id", "ip src"] }) })],
            /rules\.0\.ratelimit\.characteristics\.1: must be a lowercase field name/,
        ],
        ["the same ref twice", [rule(), rule()], /ref/],
        ["no rate limit", [rule({ ratelimit: undefined })], /ratelimit/],
        [
            "products to skip, in a rule with another action",
            [rule({ action_parameters: { products: ["bic"] } })],
            /for the action skip, and for no other action/,
        ],
        [
            "a response, in a rule with another action",
            [rule({ action: "log", action_parameters: { response: OWN } })],
            /action block/,
        ],
    ];
    for (const [why, rules, names] of refused) {
        it(`rejects rules with ${why}`, async () => {
            const got = await create(rules);
            assert.equal(got.status, 400);
            assert.match(got.message, names);
        });
    }

    for (const [operator, expression] of [
        ["wildcard", 'http.host wildcard "*.example.test"'],
        ["strict wildcard", 'http.request.uri.path strict wildcard "/v1/*"'],
        ["xor", "ssl xor cf.client.bot"],
    ])
        it(`says that the emulator does not have the operator ${operator}, which the real language has`, async () => {
            const got = await create([rule({ expression })]);
            assert.equal(got.status, 501, got.text);
            assert.match(
                got.text,
                new RegExp(`unsupported by the sandbox: the operator ${operator} in the expression`),
            );
        });

    const header = 'http.request.headers["cf-access-client-id"]';
    const onHost = rule({ expression: '(http.host eq "a.example.test")' });
    const plans: [plan: Plan, why: string, rules: object[], status: number][] = [
        ["free", "one rule on the path", [rule()], 200],
        ["free", "a second rule", [rule(), rule({ ref: "b" })], 400],
        ["free", "a minute", [rule({ ratelimit: limit({ period: 60 }) })], 400],
        ["free", "a longer block", [rule({ ratelimit: limit({ mitigation_timeout: 60 }) })], 400],
        ["free", "the host in the expression", [onHost], 400],
        ["free", "a field without a dot", [rule({ expression: 'ssl and http.request.uri.path eq "/a"' })], 400],
        [
            "free",
            "the host as a counting field",
            [rule({ ratelimit: limit({ counting_expression: 'http.host eq "a.example.test"' }) })],
            400,
        ],
        ["free", "a response of its own", [rule({ action_parameters: { response: OWN } })], 400],
        ["pro", "a response of its own", [rule({ action_parameters: { response: OWN } })], 200],
        ["pro", "the host in the expression", [onHost], 200],
        ["pro", "a third rule", ["a", "b", "c"].map((ref) => rule({ ref })), 400],
        ["pro", "two minutes", [rule({ ratelimit: limit({ period: 120 }) })], 400],
        ["pro", "counting by a header", [rule({ ratelimit: limit({ characteristics: ["cf.colo.id", header] }) })], 400],
        ["business", "ten minutes", [rule({ ratelimit: limit({ period: 600 }) })], 200],
        [
            "business",
            "counting by a header",
            [rule({ ratelimit: limit({ characteristics: ["cf.colo.id", header] }) })],
            400,
        ],
        ["business", "a challenge with a timeout", [rule({ action: "managed_challenge" })], 400],
        [
            "enterprise",
            "counting by a header",
            [rule({ ratelimit: limit({ characteristics: ["cf.colo.id", header] }) })],
            200,
        ],
    ];
    for (const [plan, why, rules, status] of plans) {
        it(`${status === 200 ? "gives" : "refuses"} the ${plan} plan ${why}`, async () => {
            const there = api.account.zones.get(zone);
            if (there) api.account.setPlan(there, plan);
            const got = await create(rules);
            assert.equal(got.status, status, got.text);
            if (status === 400) assert.match(got.message, /this plan/);
        });
    }
});
