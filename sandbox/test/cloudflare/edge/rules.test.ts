/** Proves that rules, rate limits and the browser check act before Access, and that no other rule is silently ignored. */
import assert from "node:assert/strict";
import { renderRateLimit, renderSkip, type RateLimit } from "../../../../components/cloudflare/edge-rules";
import { HOST, shows, World } from "./kit";

const CUSTOM = "http_request_firewall_custom";
const PER_ADDRESS: RateLimit = { requests: 2, perSeconds: 10 };

/** The rule that the stack renders, with the API's names. */
function limited(limit: RateLimit, plan: "free" | "pro", rateLimited: string[] = []): object {
    const { expression, ratelimit, ...rule } = renderRateLimit(limit, { hostnames: [HOST], plan, rateLimited });
    const { characteristics, period, requestsPerPeriod, mitigationTimeout } = ratelimit;
    const own = "actionParameters" in rule ? rule.actionParameters?.response : undefined;
    const response = own && { status_code: own.statusCode, content_type: own.contentType, content: own.content };
    const counted = { requests_per_period: requestsPerPeriod, mitigation_timeout: mitigationTimeout };
    return { expression, action_parameters: { response }, ratelimit: { characteristics, period, ...counted } };
}

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
        world.zone.settings = {};
        world.seen.length = 0;
    });
    const statuses = async (n: number, headers = {}, path = "/", from?: string) => {
        const all: number[] = [];
        for (let i = 0; i < n; i++) all.push((await world.send({ headers, path, from })).status);
        return all;
    };
    const protect = () => {
        const token = world.token();
        world.application([world.policy("non_identity", [{ service_token: { token_id: token.id } }])]);
        return shows(token);
    };

    it("limits the rate with the rule's own answer, before Access, and accepts requests again after the block", async () => {
        const token = protect();
        world.rules("http_ratelimit", [limited(PER_ADDRESS, "pro")]);
        assert.deepEqual(await statuses(3), [403, 403, 429]);
        const reply = await world.send({ headers: token });
        assert.deepEqual([reply.status, reply.headers["retry-after"]], [429, "10"]);
        assert.equal(JSON.parse(reply.body).type, "error");
        world.account.advance(11);
        assert.deepEqual(await statuses(3, token), [200, 200, 429]);
        assert.equal(world.seen.length, 2);
    });

    it("starts a new count after the period, and counts only the paths of the rule, however they are written", async () => {
        world.rules("http_ratelimit", [limited(PER_ADDRESS, "free", ["/completions", "/alpa/completions"])]);
        assert.deepEqual(await statuses(2, {}, "/x/../%63ompletions"), [200, 200]);
        world.account.advance(10);
        assert.deepEqual(await statuses(3, {}, "/completions"), [200, 200, 429]);
        assert.deepEqual(await statuses(1, {}, "/logprobs"), [200]);
    });

    it("rejects an abusive user agent with 403 and 1010 before Access, unless the stack's rule or the zone skips the check", async () => {
        const script = { "User-Agent": "Python-urllib/3.12" };
        const reply = await world.send({ headers: { ...script, ...protect() } });
        assert.deepEqual([reply.status, reply.body, world.seen.length], [403, "error code: 1010", 0]);
        world.account.applications.clear();
        assert.deepEqual(await statuses(1, { "User-Agent": "curl/8.5.0" }), [200]);
        const skip = (host: string) => {
            const { action, expression, actionParameters } = renderSkip([host]);
            world.rules(CUSTOM, [{ action, expression, action_parameters: actionParameters }]);
        };
        skip("other.example.com");
        assert.deepEqual(await statuses(1, script), [403]);
        world.account.rulesets.clear();
        skip(HOST);
        assert.deepEqual(await statuses(1, script), [200]);
        world.account.rulesets.clear();
        world.zone.settings.browser_check = "off";
        assert.deepEqual(await statuses(1, script), [200]);
    });

    it("blocks by a custom rule, ignores a disabled rule, and rejects an unsupported expression by name", async () => {
        world.rules(CUSTOM, [{ enabled: false }]);
        assert.deepEqual(await statuses(1), [200]);
        world.account.rulesets.clear();
        world.rules(CUSTOM, [{}]);
        const reply = await world.send();
        assert.deepEqual([reply.status, reply.body], [403, "error code: 1020"]);
        world.account.rulesets.clear();
        world.rules(CUSTOM, [{ expression: "cf.threat_score gt 10" }]);
        const unsupported = await world.send();
        assert.equal(unsupported.status, 501);
        assert.match(unsupported.body, /the expression cf\.threat_score gt 10/);
    });
});
