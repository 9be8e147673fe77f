/** Proves the pure functions: paths, JSON, schemas, expressions, balancing. */
import assert from "node:assert/strict";
import { parseTarget } from "../../gateway/http/uri";
import { CjsonError, decodeJson, encodeJson } from "../../gateway/lua/cjson";
import { compileExpr } from "../../gateway/lua/expr";
import { compilePcre } from "../../gateway/lua/pcre";
import { compileSchema, type Schema } from "../../gateway/lua/schema";
import { ring, roundRobin } from "../../gateway/upstream/balancer";

/** Calls `check` with each entry, in a test of its own. */
function table<T extends unknown[]>(what: string, cases: T[], check: (...one: T) => void): void {
    describe(what, () => {
        for (const one of cases) it(JSON.stringify(one), () => check(...one));
    });
}

const paths: [raw: string, uri: string | undefined][] = [
    ["/a/b", "/a/b"],
    ["//a///b", "/a/b"],
    ["/a/./b/.", "/a/b/"],
    ["/a/x/../b", "/a/b"],
    ["/a/..", "/"],
    ["/..", undefined],
    ["/a/../../b", undefined],
    ["/a%2Fb", "/a/b"],
    ["/a/%2e%2e/b", "/b"],
    ["/a/%252e%252e/b", "/a/%2e%2e/b"],
    ["/a%3Fb?c", "/a?b"],
    ["/a%00", undefined],
    ["/a%zz", undefined],
    ["/...", "/..."],
    ["http://host.example/a?b", "/a"],
];
table("request targets are read as by nginx", paths, (raw, uri) => assert.equal(parseTarget(raw)?.uri, uri));

const texts: [text: string, result: string | undefined][] = [
    ['{"a":1.0,"b":[1e3,-0]}', '{"a":1,"b":[1000,0]}'],
    ["[12345678901234567890]", "[9.2233720368548e+18]"],
    ["[0x10,007,+7,-.5,0x1.8p1]", "[16,7,7,-0.5,3]"],
    ['{"n":2,"n":1,"\\u006e":3}', '{"n":3}'],
    ['"\\u00e9\\ud83d\\ude00"', Buffer.from('"é😀"').toString("latin1")],
    ["[]\0 rest", "[]"],
    ["[0.33333333333333333,1e14,123456789012346,1e-5]", "[0.33333333333333,1e+14,1.2345678901235e+14,1e-05]"],
    ...["{'a':1}", '{"a":1,}', "[1] 2", '"\\ud800"', '"abc', "[NaN]", "[.5]", "x", ""].map(
        (text): [string, undefined] => [text, undefined],
    ),
];
table("JSON is read and written as by lua-cjson", texts, (text, result) => {
    const run = () => encodeJson(decodeJson(text));
    if (result === undefined) assert.throws(run, CjsonError);
    else assert.equal(run(), result);
});

const schemas: [schema: Schema, value: unknown, valid: boolean][] = [
    [{ type: "integer" }, 1.5, false],
    [{ type: "object", required: ["a"] }, [], false],
    [{ type: "object" }, [], true],
    [{ type: "object" }, [1], false],
    [{ type: "null" }, null, true],
    [{ minimum: 1, maximum: 2 }, 3, false],
    [{ maxLength: 1 }, "\xc3\xa9", true],
    [{ maxLength: 1 }, "\xff\xfe", false],
    [{ not: { pattern: "\\S{3}" } }, "ab cde", false],
    [{ type: "array", minItems: 1, maxItems: 2, items: { type: "string" } }, ["a", "b", "c"], false],
    [{ anyOf: [{ required: ["a"] }, { required: ["b"] }] }, { b: 0 }, true],
    [{ allOf: [{ not: { required: ["stop"] } }] }, { stop: null }, false],
];
table("schemas decide as in APISIX", schemas, (schema, value, valid) =>
    assert.equal(compileSchema(schema)(value), valid),
);

const variables: Record<string, string | number> = { status: 503, http_x: "1" };
const conditions: [rule: unknown[], result: boolean][] = [
    [[["status", ">=", 502]], true],
    [[["status", "==", "503"]], false],
    [[["http_x", "==", 1]], true],
    [[["http_y", "~=", "1"]], true],
    [[["http_y", "=="]], true],
    [[["http_x", "!", "in", ["0", "1"]]], false],
    [[["http_x", "in", [0, 1]]], false],
    [[["http_x", "!", "<=", 5]], false],
    [[["http_y", "!", "<=", 5]], true],
    [[["http_x", "~~", "^[0-9]$"]], true],
    [[["OR", ["http_x", "==", "2"], ["AND", ["status", "<", 600], ["http_x", "==", "1"]]]], true],
];
table("conditions decide as in APISIX", conditions, (rule, result) =>
    assert.equal(
        compileExpr(rule)((name) => variables[name]),
        result,
    ),
);

describe("regular expressions", () => {
    it("support (?i) at the start, and $ before a final line feed, like PCRE", () => {
        const json = compilePcre("^(?i)application/json *(;|$)");
        assert.deepEqual(
            ["APPLICATION/JSON\n", "application/jsonp"].map((text) => json.test(text)),
            [true, false],
        );
    });
});

describe("balancers", () => {
    it("select by weight in turn, and never a node of weight 0", () => {
        const pick = roundRobin([
            ["a", 2],
            ["b", 1],
            ["c", 0],
        ]);
        const picks = Array.from({ length: 300 }, pick);
        const count = (name: string) => picks.filter((p) => p === name).length;
        assert.ok(Math.abs(count("a") - 200) <= 2 && Math.abs(count("b") - 100) <= 2);
        assert.equal(count("c"), 0);
    });
    it("select the same name for each key as lua-resty-chash", () => {
        const names = { server1: 10, server2: 2, server3: 1 };
        const find = ring(
            Object.entries(names).map(([name, weight]): [string, string, number] => [name, name, weight]),
        );
        const found = Array.from({ length: 100_000 }, (_, i) => find(String(i + 1)));
        const count = (name: string) => found.filter((f) => f === name).length;
        assert.deepEqual(Object.keys(names).map(count), [77_075, 14_743, 8_182]);
    });
});
