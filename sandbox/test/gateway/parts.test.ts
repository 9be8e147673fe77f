/** Proves the pure functions: paths, JSON, schemas, expressions, balancing. */
import assert from "node:assert/strict";
import { parseTarget } from "../../gateway/http/uri";
import { decodeJson, encodeJson } from "../../gateway/lua/cjson";
import { compileExpr } from "../../gateway/lua/expr";
import { compilePcre } from "../../gateway/lua/pcre";
import { compileSchema, type Schema } from "../../gateway/lua/schema";
import type { Context } from "../../gateway/request/context";
import { Balancer } from "../../gateway/upstream/balancer";

/** Calls `check` with each entry, in a test of its own. */
function table<T extends unknown[]>(what: string, cases: T[], check: (...one: T) => void): void {
    describe(what, () => {
        for (const one of cases) it(JSON.stringify(one), () => check(...one));
    });
}

const paths: [raw: string, uri: string | undefined][] = [
    ["/a/b", "/a/b"],
    ["//a///b", "/a/b"],
    ["/a/x/../b", "/a/b"],
    ["/..", undefined],
    ["/a/../../b", undefined],
    ["/a%2Fb", "/a/b"],
    ["/a/%252e%252e/b", "/a/%2e%2e/b"],
    ["/a%3Fb?c", "/a?b"],
    ["/a%00", undefined],
    ["/a%zz", undefined],
    ["http://host.example/a?b", "/a"],
];
table("request targets are read as by nginx", paths, (raw, uri) => assert.equal(parseTarget(raw)?.uri, uri));

const texts: [text: string, result: string | undefined][] = [
    ['{"a":1.0,"b":[1e3,-0]}', '{"a":1,"b":[1000,0]}'],
    ["[0x10,007,+7,-.5,5.,0x1p4]", "[16,7,7,-0.5,5,16]"],
    ["[12345678901234567890]", "[9223372036854800000]"],
    ['{"n":2,"n":1,"\\u006e":3}', '{"n":3}'],
    ['"\\u00e9\\ud83d\\ude00\n"', Buffer.from('"é😀\\n"').toString("latin1")],
    ["[]\0 rest", "[]"],
    ["[0.33333333333333333]", "[0.33333333333333]"],
    ["[".repeat(1000) + "]".repeat(1000), "[".repeat(1000) + "]".repeat(1000)],
    ...["{'a':1}", '{"a":1,}', "[1] 2", '"\\ud800"', '"\\x"', '"abc', "[NaN]", "[1e999]", "[.5]", "[0x]", "x", ""].map(
        (text): [string, undefined] => [text, undefined],
    ),
    ["[".repeat(1001) + "]".repeat(1001), undefined],
];
table("JSON is read and written as by lua-cjson", texts, (text, result) =>
    assert.equal(encodeJson(decodeJson(text)), result),
);

const schemas: [schema: Schema, value: unknown, valid: boolean][] = [
    [{ type: "object", required: ["a"] }, [], false],
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
    [[["OR", ["http_x", "==", "2"], ["AND", ["status", "<=", 600], ["http_x", "==", "1"]]]], true],
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

it("a balancer selects nodes by weight in turn, and never a node of weight 0", () => {
    const nodes = [2, 1, 0].map((weight, port) => ({ host: "h", port, weight }));
    const balancer = new Balancer({ byConsumer: false, nodes }, 1, undefined, () => undefined);
    const picked = Array.from({ length: 300 }, () => balancer.pick({} as Context)?.port);
    assert.deepEqual(
        [0, 1, 2].map((port) => picked.filter((one) => one === port).length),
        [200, 100, 0],
    );
});
