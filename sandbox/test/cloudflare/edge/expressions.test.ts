/** Proves that rule expressions have the meaning of Cloudflare's Rules language, as far as they are emulated. */
import assert from "node:assert/strict";
import { evaluate } from "../../../cloudflare/edge/rules/evaluate";
import { fieldsOf, parseExpression } from "../../../cloudflare/edge/rules/parse";
import type { EdgeRequest } from "../../../cloudflare/edge/types";

describe("Cloudflare edge: a rule expression", () => {
    const request = {
        hostname: "api.example.com",
        method: "POST",
        target: "/v1/completions?a=1",
        path: "/v1/completions",
        query: "a=1",
        headers: [
            ["X-Team", "nlp"],
            ["x-team", "vision"],
            ["User-Agent", "curl/8"],
        ],
        ip: "10.1.2.3",
    } as unknown as EdgeRequest;

    const cases: [expression: string, holds: boolean][] = [
        ['http.host eq "api.example.com" and http.request.method == "POST"', true],
        ['http.host ne "api.example.com" or http.request.method in {"GET" "HEAD"}', false],
        ['not (http.request.uri.path contains "admin")', true],
        ['http.request.uri.path matches "^/v[0-9]+/completions$"', true],
        ['lower(http.request.method) eq "post" && !ssl', false],
        ['starts_with(http.request.uri, "/v1/") and ends_with(http.request.uri, "a=1")', true],
        ["ip.src in {10.0.0.0/8 192.168.0.0/16}", true],
        ["ip.src eq 10.1.2.4", false],
        ['any(http.request.headers["x-team"][*] eq "vision")', true],
        ['all(http.request.headers["x-team"][*] eq "vision")', false],
        ['http.request.headers["x-team"][0] eq "nlp"', true],
        ['http.request.headers["X-Team"][0] eq "nlp"', false],
        ['any(http.request.headers["X-Team"][*] eq "vision")', false],
        ['http.request.headers["absent"][0] ne "x"', false],
        ["len(http.user_agent) ge 6 and len(http.user_agent) < 7", true],
        ["true or false and false", true],
        ['http.request.uri.path eq "/v1/\\"completions"', false],
    ];
    for (const [expression, holds] of cases)
        it(`${expression} ${holds ? "holds" : "does not hold"}`, () => {
            assert.equal(evaluate(parseExpression(expression), request), holds);
        });

    it("lists the fields that it reads", () => {
        const text =
            'any(http.request.headers["a"][*] eq "b") or not (http.host eq "c" and lower(http.user_agent) eq "d")';
        assert.deepEqual(fieldsOf(parseExpression(text)), ["http.request.headers", "http.host", "http.user_agent"]);
    });

    for (const mixed of ['ip.src eq "10.1.2.3"', "http.host eq 10.1.2.3", "http.host in {5}", 'len(http.host) eq "5"'])
        it(`${mixed} compares incompatible types`, () => {
            assert.throws(
                () => parseExpression(mixed),
                /expected a value of type \w+, but found the .* in the expression/,
            );
        });

    for (const broken of ["", "(true", "http.host eq", 'http.host eq "a" "b"', "http.host in {1 2", "§"])
        it(`${broken || "an empty text"} is not an expression`, () => {
            assert.throws(() => parseExpression(broken), /in the expression/);
        });
});
