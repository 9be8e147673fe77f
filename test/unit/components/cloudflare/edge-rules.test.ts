import { strict as assert } from "node:assert";
import { EdgeRules, renderRateLimit, renderSkip, type RateLimit } from "../../../../components/cloudflare/edge-rules";
import { record } from "../../../kit";

const HOSTS = ["llm.example.com"];
const AT = { hostnames: HOSTS, rateLimited: ["/completions", "/logprobs", "/alpa/completions", "/alpa/logprobs"] };
const LIMIT: RateLimit = { requests: 60, perSeconds: 60 };

describe("rate limit at the edge", () => {
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
});
