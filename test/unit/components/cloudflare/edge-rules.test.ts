import { strict as assert } from "node:assert";
import { EdgeRules, renderRateLimit, renderSkip, type RateLimit } from "../../../../components/cloudflare/edge-rules";
import { record } from "../../../kit";

const HOSTS = ["llm.example.com"];
const AT = { hostnames: HOSTS, rateLimited: ["/completions", "/logprobs", "/alpa/completions", "/alpa/logprobs"] };
const LIMIT: RateLimit = { requests: 60, perSeconds: 60 };

describe("rate limit at the edge", () => {
    it("counts each address in each data center, as Cloudflare requires", () => {
        const { ratelimit } = renderRateLimit(LIMIT, { ...AT, plan: "pro" });
        assert.deepEqual(ratelimit, {
            characteristics: ["cf.colo.id", "ip.src"],
            period: 60,
            requestsPerPeriod: 60,
            mitigationTimeout: 60,
        });
    });
    it("answers in a form that Alpa's client reads", () => {
        const { actionParameters } = renderRateLimit(LIMIT, { ...AT, plan: "pro" });
        const { statusCode, contentType, content } = actionParameters!.response;
        assert.deepEqual([statusCode, contentType], [429, "application/json"]);
        assert.deepEqual(Object.keys(JSON.parse(content)), ["type", "message", "stacktrace"]);
    });
    it("matches only the path with plan free, and answers with Cloudflare's own message", () => {
        const { expression, actionParameters } = renderRateLimit(LIMIT, { ...AT, plan: "free" });
        assert.equal(
            expression,
            '(http.request.uri.path in {"/completions" "/logprobs" "/alpa/completions" "/alpa/logprobs"})',
        );
        assert.equal(actionParameters, undefined);
    });
    it("applies only to the stack's names in the zone", () => {
        const two = { ...AT, hostnames: [...HOSTS, "opt.example.com"], plan: "pro" as const };
        assert.equal(renderRateLimit(LIMIT, two).expression, '(http.host in {"llm.example.com" "opt.example.com"})');
        assert.equal(renderSkip(HOSTS).expression, '(http.host eq "llm.example.com")');
    });
});

describe("EdgeRules", () => {
    const made = async (more: object) =>
        (
            await record(
                () =>
                    new EdgeRules("edge", {
                        zoneId: "z".repeat(32),
                        ...AT,
                        plan: "pro",
                        browserChecks: "keep",
                        ...more,
                    }),
            )
        ).filter((r) => r.custom);

    it("creates nothing by default", async () => assert.deepEqual(await made({}), []));
    it("gives every rule a ref, so that a change keeps its id", async () => {
        const rulesets = await made({ browserChecks: "skip", rateLimit: LIMIT });
        assert.deepEqual(rulesets.map((r) => r.inputs.phase).sort(), [
            "http_ratelimit",
            "http_request_firewall_custom",
        ]);
        for (const { inputs } of rulesets) for (const { ref } of inputs.rules) assert.match(ref, /^alpa_auth_/);
    });
    it("skips browser checks and nothing else", async () => {
        const [{ inputs }] = await made({ browserChecks: "skip" });
        const [{ action, actionParameters }] = inputs.rules;
        assert.deepEqual([action, actionParameters], ["skip", { products: ["bic", "securityLevel"] }]);
    });
});
