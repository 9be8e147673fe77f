/**
 * Proves that ingress rules have the same meaning as in cloudflared, and that rules that would work differently are rejected.
 */
import assert from "node:assert/strict";
import { findRule, NO_RULES, parseConfiguration } from "../../../cloudflare/connector/ingress";
import { compile } from "../../../cloudflare/re2";

const CATCH_ALL = { service: "http_status:404" };

describe("cloudflared emulator: ingress rules", () => {
    const rules = parseConfiguration({
        ingress: [
            { hostname: "api.example.com", path: "^/(completions|logprobs)$", service: "http://127.0.0.1:20001" },
            { hostname: "*.example.com", path: "\\.js$", service: "http://[::1]:8001" },
            { hostname: "*.example.com", service: "http_status:410" },
            CATCH_ALL,
        ],
    });
    const matches: [host: string, path: string, index: number][] = [
        ["api.example.com", "/completions", 0],
        ["API.example.com:443", "/completions?x=/y", 0],
        ["api.example.com", "/completions/", 2],
        ["api.example.com", "/%63ompletions", 0],
        ["api.example.com", "/v1/completions", 2],
        ["a.b.example.com", "/x/app.js", 1],
        ["example.com", "/completions", 3],
        ["badexample.com", "/", 3],
    ];
    for (const [host, path, index] of matches)
        it(`${host}${path} is rule ${index + 1}`, () => assert.equal(findRule(rules, host, path).index, index));

    it("reads addresses, statuses and settings; a rule's settings override the general ones", () => {
        const [first, last] = parseConfiguration({
            ingress: [
                {
                    hostname: "a",
                    service: "http://gateway.apisix.svc",
                    originRequest: { connectTimeout: 5, tlsTimeout: 3 },
                },
                CATCH_ALL,
            ],
            originRequest: { connectTimeout: 10, httpHostHeader: "inner", noTLSVerify: false },
        });
        assert.deepEqual(first.service, { kind: "http", host: "gateway.apisix.svc", port: 80 });
        assert.deepEqual([first.origin.connectTimeout, first.origin.httpHostHeader], [5, "inner"]);
        assert.deepEqual([last.service, last.origin.connectTimeout], [{ kind: "status", status: 404 }, 10]);
    });

    it("checks access only where it is required", () => {
        const access = (required?: boolean) => ({
            teamName: "t",
            audTag: ["a"],
            ...(required === undefined ? {} : { required }),
        });
        const rule = (required?: boolean) =>
            parseConfiguration({ ingress: [CATCH_ALL], originRequest: { access: access(required) } })[0].origin.access;
        assert.deepEqual(rule(true), { teamName: "t", audTag: ["a"], required: true });
        assert.deepEqual([rule(false), rule()], [undefined, undefined]);
    });

    it("answers 503 for everything without rules", () => {
        assert.equal(parseConfiguration({}), NO_RULES);
        assert.deepEqual(findRule(NO_RULES, "a", "/").rule.service, { kind: "status", status: 503 });
    });

    const refused: [what: string, ingress: object[], error: RegExp][] = [
        [
            "a last rule that is not a catch-all",
            [{ hostname: "a", service: "http://b" }],
            /last ingress rule must match all/,
        ],
        ["a catch-all before the last", [CATCH_ALL, CATCH_ALL], /Rule #1 is matching/],
        ["a port in the hostname", [{ hostname: "a:80", service: "http://b" }, CATCH_ALL], /cannot contain a port/],
        ["a wildcard in the middle", [{ hostname: "a.*.b", service: "http://b" }, CATCH_ALL], /at most one wildcard/],
        [
            "a path in the service",
            [{ service: "http://b/c" }],
            /remove the path, because cloudflared forwards the path of each request/,
        ],
        ["no scheme", [{ service: "localhost" }], /invalid address/],
        ["a TLS origin", [{ service: "https://b" }], /unsupported by the sandbox: the service https:\/\/b/],
        ["another service", [{ service: "hello_world" }], /invalid address|unsupported/],
        ["lookahead in a path", [{ path: "^/(?!x)", service: "http://b" }, CATCH_ALL], /RE2 has no lookaround/],
        [
            "a setting that is unsupported",
            [{ ...CATCH_ALL, originRequest: { proxyType: "socks" } }],
            /originRequest\.proxyType/,
        ],
        [
            "access without a team",
            [{ ...CATCH_ALL, originRequest: { access: { required: true } } }],
            /TeamName cannot be blank/,
        ],
        ["an unknown key", [{ ...CATCH_ALL, rewrite: "/x" }], /rule #1: rewrite is unsupported/],
    ];
    for (const [what, ingress, error] of refused)
        it(`rejects ${what}`, () => assert.throws(() => parseConfiguration({ ingress }), error));

    it("rejects patterns that RegExp and RE2 interpret differently", () => {
        for (const pattern of ["(?i)a", "(?P<n>a)", "[[:alpha:]]", "\\Aa", "a\\z", "\\pL", "(a)\\1"])
            assert.throws(() => compile(pattern), /RE2/, pattern);
        assert.ok(compile("^/v[12]/(?:a|b)$").test("/v1/b"));
    });
});
