// Proves that a review compares rules of the edge one by one, by their ref at Cloudflare.
import { strict as assert } from "node:assert";
import { UNKNOWN_TEXT } from "../../../../../../policy/resources/values";
import { said, step } from "../steps";

const LIMIT = {
    ref: "limit",
    action: "block",
    expression: '(http.host eq "a")',
    enabled: true,
    ratelimit: { characteristics: ["cf.colo.id", "ip.src"], period: 10, requestsPerPeriod: 60, mitigationTimeout: 10 },
};
const SKIP = { ref: "skip", action: "skip", expression: '(http.host eq "a")', enabled: true };
const BLOCK = { ref: "block", action: "block", expression: '(ip.src eq "10.0.0.1")', enabled: true };
const rate = (requestsPerPeriod: number, more: object = {}) => ({
    ...LIMIT,
    ratelimit: { ...LIMIT.ratelimit, requestsPerPeriod, ...more },
});
const rules = (phase: string, ...all: object[]) => ({ zoneId: "z", kind: "zone", name: "n", phase, rules: all });
const LIMITS = "http_ratelimit";
const CUSTOM = "http_request_firewall_custom";

describe("review of rules of the edge", () => {
    const cases: [what: string, old: object, now: object, expected: RegExp[]][] = [
        ["fewer requests", rules(LIMITS, LIMIT), rules(LIMITS, rate(30)), [/^breaks-callers limit-lowered/]],
        [
            "fewer requests by a rule that is not the first",
            rules(LIMITS, { ...LIMIT, ref: "other" }, LIMIT),
            rules(LIMITS, { ...LIMIT, ref: "other" }, rate(30)),
            [/^breaks-callers limit-lowered: .*60 in 10 s becomes 30 in 10 s/],
        ],
        [
            "more requests, and the rule disabled",
            rules(LIMITS, LIMIT),
            rules(LIMITS, { ...rate(90), enabled: false }),
            [/^risk limit-removed/, /^harmless limit-raised/],
        ],
        [
            "more requests, also for other names",
            rules(LIMITS, LIMIT),
            rules(LIMITS, { ...rate(90), expression: "true" }),
            [/^breaks-callers request-rejected/, /^harmless limit-raised/],
        ],
        [
            "the same rate, blocked for longer",
            rules(LIMITS, LIMIT),
            rules(LIMITS, rate(60, { mitigationTimeout: 600 })),
            [/^breaks-callers limit-lowered: .*longer/],
        ],
        [
            "the same rate with another way of counting",
            rules(LIMITS, LIMIT),
            rules(LIMITS, rate(60, { characteristics: ["ip.src"] })),
            [/^risk limit-changed/],
        ],
        ["another order", rules(CUSTOM, SKIP, BLOCK), rules(CUSTOM, BLOCK, SKIP), [/^risk route-changed: .*order/]],
        [
            "an added rule that rejects requests",
            rules(CUSTOM, SKIP),
            rules(CUSTOM, SKIP, BLOCK),
            [/^breaks-callers request-rejected/],
        ],
        [
            "a removed rule that rejects requests",
            rules(CUSTOM, SKIP, BLOCK),
            rules(CUSTOM, SKIP),
            [/^risk protection-weakened/],
        ],
        [
            "a skip rule that is removed",
            rules(CUSTOM, SKIP, BLOCK),
            rules(CUSTOM, BLOCK),
            [/^breaks-callers request-rejected/],
        ],
        [
            "a skip rule that is disabled",
            rules(CUSTOM, SKIP),
            rules(CUSTOM, { ...SKIP, enabled: false }),
            [/^breaks-callers request-rejected/],
        ],
        [
            "a block rule that is enabled again",
            rules(CUSTOM, { ...BLOCK, enabled: false }),
            rules(CUSTOM, BLOCK),
            [/^breaks-callers request-rejected/],
        ],
        ["a note", rules(CUSTOM, SKIP), rules(CUSTOM, { ...SKIP, description: "x" }), [/^harmless changed-inside/]],
        [
            "another answer to blocked requests",
            rules(LIMITS, LIMIT),
            rules(LIMITS, { ...LIMIT, actionParameters: { response: { statusCode: 403 } } }),
            [/^risk errors-changed/],
        ],
    ];
    for (const [what, old, now, expected] of cases)
        it(what, () => {
            const found = said([step("Ruleset", "edge-rules", old, now)]);
            assert.equal(found.length, expected.length, found.join("\n"));
            expected.forEach((pattern, i) => assert.match(found[i], pattern));
        });
});

describe("review of whether a name resolves to Cloudflare's proxy", () => {
    const record = (proxied: unknown) => ({ name: "mail.example.com", type: "A", content: "192.0.2.1", proxied });
    const of = (old: unknown, now: unknown) => said([step("DnsRecord", "mail", record(old), record(now))]).join("\n");

    it("reports a name that no longer resolves to the proxy", () => {
        assert.match(of(true, false), /^breaks-callers authentication-removed/);
        assert.match(of(true, undefined), /^breaks-callers authentication-removed/);
        assert.match(of(false, UNKNOWN_TEXT), /^risk unknown-until-apply/);
    });

    it("reports nothing for a name that never resolved to the proxy", () =>
        assert.equal(of(false, undefined) + of(undefined, false), ""));
});

describe("review of where a name points", () => {
    const of = (old: string, now: string, type = "CNAME") => {
        const record = (content: string) => ({ name: "llm.example.com", type, content, proxied: true });
        return said([step("DnsRecord", "llm", record(old), record(now))]).join("\n");
    };

    it("reports a host name that leaves the tunnel as a loss for callers", () => {
        assert.match(
            of("t.cfargotunnel.com", "other.example.net"),
            /^breaks-callers dns-record-changed: .* but to other/,
        );
        assert.match(of("t.cfargotunnel.com", "u.cfargotunnel.com"), /^breaks-callers dns-record-changed/);
    });

    it("reports a host name that moves to the tunnel, and another record, as a risk", () => {
        assert.match(of("origin.example.com", "t.cfargotunnel.com"), /^risk dns-record-changed/);
        assert.match(of("192.0.2.1", "192.0.2.2", "A"), /^risk dns-record-changed/);
    });
});

describe("review of the Worker at the edge", () => {
    const script = { accountId: "a", scriptName: "one", content: "export default {}", compatibilityDate: "2026-01-01" };
    const route = { zoneId: "z", pattern: "llm.example.com/*", script: "one" };
    const record = { name: "llm.example.com", type: "CNAME", content: "t.cfargotunnel.com", proxied: true };

    it("reports an added Worker once, and a removed Worker once: requests without a model are rejected again", () => {
        const made = [step("WorkersScript", "w", undefined, script), step("WorkersRoute", "r", undefined, route)];
        assert.deepEqual(said(made), [
            "harmless added: Worker w is created: it adds the model to requests without one",
        ]);
        const gone = [step("WorkersScript", "w", script, undefined), step("WorkersRoute", "r", route, undefined)];
        assert.deepEqual(said(gone), [
            "breaks-callers request-rejected: Worker w is deleted, so no model is added to requests without one: Alpa rejects requests without a model",
        ]);
    });

    it("reports another script of the Worker, which may handle requests differently", () => {
        const other = { ...script, content: "export default { fetch() {} }" };
        assert.match(said([step("WorkersScript", "w", script, other)]).join("\n"), /^risk route-changed: Worker w/m);
    });

    it("reports what a route's requests lose, and nothing where the name is deleted too", () => {
        const gone = step("WorkersRoute", "r", route, undefined);
        assert.match(
            said([gone]).join(),
            /^breaks-callers request-rejected: Requests to llm\.example\.com\/\* no longer pass through the Worker/,
        );
        const withName = said([gone, step("DnsRecord", "llm", record, undefined)]);
        assert.ok(!withName.join().includes("request-rejected"), withName.join());
        const { script: _, ...none } = route;
        assert.match(said([step("WorkersRoute", "r", route, none)]).join(), /request-rejected/);
        const other = { ...route, script: "other" };
        assert.match(said([step("WorkersRoute", "r", route, other)]).join(), /risk route-changed: .* another Worker/);
    });
});
