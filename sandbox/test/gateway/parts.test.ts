/** Proves the pure functions: paths, JSON, schemas, expressions, balancing. */
import assert from "node:assert/strict";
import { Ring, RoundRobin } from "../../gateway/upstream/balancer";
import { decodeJson } from "../../gateway/lua/cjson";
import { encodeJson } from "../../gateway/lua/cjson-encode";
import { compileExpr } from "../../gateway/lua/expr";
import { SchemaCrash, compileSchema, type Schema } from "../../gateway/schema/jsonschema";
import { luaNumber } from "../../gateway/lua/printed";
import { compilePcre } from "../../gateway/lua/pcre";
import { decodeArgs, encodeArgs, escapePath, parseTarget } from "../../gateway/http/uri";

describe("request targets", () => {
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
    for (const [raw, uri] of paths)
        it(`parses ${raw} as ${uri ?? "a bad request"}`, () => assert.equal(parseTarget(raw)?.uri, uri));

    it("has no query where nothing follows the question mark", () =>
        assert.deepEqual(
            ["/a", "/a?", "/a?#b", "/a?b"].map((raw) => parseTarget(raw)?.args),
            [undefined, undefined, undefined, "b"],
        ));

    it("escapes in a path exactly the characters that nginx escapes", () => {
        const printable = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i));
        assert.equal(printable.filter((ch) => escapePath(ch) !== ch).join(""), ' "#%<>?\\^`{|}');
        assert.equal(escapePath("\x7f\xe9 b"), "%7F%E9%20b");
    });

    it("escapes, in a query that it rewrites, all characters that are neither alphanumeric nor one of -._~!'()*", () =>
        assert.equal(encodeArgs(decodeArgs("a=-._~!'()*&b=%2F%40+,")), "a=-._~!'()*&b=%2F%40%20%2C"));
});

describe("JSON like in lua-cjson", () => {
    const texts: [text: string, result: string | RegExp][] = [
        ['{"a":1.0,"b":[1e3,-0]}', '{"a":1,"b":[1000,0]}'],
        ["[12345678901234567890]", "[9.2233720368548e+18]"],
        ["[0x10,007,+7]", "[16,7,7]"],
        ['{"n":2,"n":1}', '{"n":1}'],
        ['"\\u00e9\\ud83d\\ude00"', Buffer.from('"é😀"').toString("latin1")],
        ["[]\0 rest", "[]"],
        ["{'a':1}", /^Expected object key string but found invalid token at character 2$/],
        ['{"a":1,}', /^Expected object key string but found T_OBJ_END at character 8$/],
        ["[1] 2", /^Expected the end but found T_INTEGER at character 5$/],
        ['"\\ud800"', /found invalid unicode escape code/],
        ['"abc', /found unexpected end of string/],
        ["[NaN]", /must not be NaN or Infinity/],
    ];
    for (const [text, result] of texts)
        it(`parses ${JSON.stringify(text)} as ${String(result)}`, () => {
            const run = () => encodeJson(decodeJson(text));
            if (typeof result === "string") assert.equal(run(), result);
            else assert.throws(run, { message: result });
        });

    it("prints numbers with 14 digits", () => {
        const numbers = [0.1, 1 / 3, 100000, 1e14, 123456789012346, 1e-5, -2.5, 5e-324];
        assert.deepEqual(numbers.map(luaNumber), [
            ...["0.1", "0.33333333333333", "100000", "1e+14", "1.2345678901235e+14", "1e-05", "-2.5"],
            "4.9406564584125e-324",
        ]);
    });
});

describe("schemas like in APISIX", () => {
    const cases: [schema: Schema, value: unknown, error: string | undefined][] = [
        [{ type: "integer" }, 1.0, undefined],
        [{ type: "integer" }, null, "wrong type: expected integer, got userdata"],
        [{ type: ["string", "null"] }, null, undefined],
        [{ type: ["string", "null"] }, 1, "wrong type: expected one of string, null, got number"],
        [{ type: "object" }, [1], "wrong type: expected object, got table"],
        [{ type: "object" }, [], undefined],
        [{ type: "array" }, {}, "wrong type: expected array, got table"],
        [{ enum: [1, "a"] }, 2, "matches none of the enum values"],
        [{ const: null }, 1, "failed to check const value"],
        [{ minimum: 1 }, 0, "expected 0 to be at least 1"],
        [{ exclusiveMinimum: 0 }, 0, "expected 0 to be greater than 0"],
        [{ maxLength: 1 }, "ab", "string too long, expected at most 1, got 2"],
        [{ pattern: "(" }, "a", 'failed to match pattern "(" with "a"'],
        [{ required: ["a"] }, {}, 'property "a" is required'],
        [{ additionalProperties: false }, { a: 1 }, "additional properties forbidden, found a"],
        [{ propertyNames: { maxLength: 1 } }, { long: 1 }, undefined],
        [{ items: { type: "string" } }, ["a", 1], "failed to validate item 2: wrong type: expected string, got number"],
        [{ uniqueItems: true }, [1, 2, 1], "expected unique items but items 1 and 3 are equal"],
        [{ allOf: [{ minimum: 1 }, { maximum: 2 }] }, 3, "allOf 2 failed: expected 3 to be at most 2"],
        [
            { anyOf: [{ required: ["a"] }, { required: ["b"] }] },
            {},
            'object matches none of the required: ["a"] or ["b"]',
        ],
        [
            { oneOf: [{ minimum: 1 }, { maximum: 2 }] },
            1,
            "value should match only one schema, but matches both schemas 1 and 2",
        ],
        [{ not: { type: "string" } }, "a", "value wasn't supposed to match schema"],
        [{ required: [] }, {}, undefined],
        [{ required: [] }, { a: 1 }, "the input data should be an empty table"],
        [{ required: [] }, "a", "the input data should be an empty table"],
        [{ items: true, minItems: 2, enum: [1] }, [1], undefined],
        [{ items: false }, [], undefined],
        [{ items: false }, [1], "expect false always"],
        [{ items: false }, "a", "expect false always"],
        [{ propertyNames: true, const: 1 }, 2, undefined],
        [{ propertyNames: false }, { a: 1 }, "expect false always"],
        [{ contains: true }, {}, "check contains: expect array table"],
        [{ contains: false }, [], "check contains: expect table"],
        [{ contains: { minimum: 2 } }, [1, 2], undefined],
        [{ contains: { minimum: 2 } }, [1], "failed to check contains"],
        [{ contains: { minimum: 2 } }, {}, "check contains: empty array is invalid"],
        [{ uniqueItems: true }, [[1], [1], 2, 2], "expected unique items but items 3 and 4 are equal"],
        [{ type: "table" }, [1], undefined],
        [{ format: "ipv4" }, "1.2.3.256", "expect valid ipv4 address but got: 1.2.3.256"],
        [{ format: "ipv6" }, "1:2", "expect valid ipv6 address but got: 1:2"],
        [{ format: "email" }, "a@b", "expect valid email address but got: a@b"],
        [{ format: "hostname" }, "a_b", "expect valid ipv4 address but got: a_b"],
        [{ if: { minimum: 5 }, then: { maximum: 7 } }, 8, "then clause did not match"],
        [
            { $ref: "#/definitions/n", definitions: { n: { type: "number" } } },
            "a",
            "wrong type: expected number, got string",
        ],
    ];
    for (const [schema, value, error] of cases)
        it(`validate ${JSON.stringify(value)} against ${JSON.stringify(schema)}: ${error ?? "valid"}`, () =>
            assert.equal(compileSchema(schema)(value), error));

    it("write defaults into the value, except null", () => {
        const schema = { properties: { a: { default: 1 }, b: { default: false }, c: { default: null } } };
        const value = {};
        compileSchema(schema)(value);
        assert.deepEqual(value, { a: 1, b: false });
    });

    it("count UTF-8 characters, and each invalid byte as a character", () => {
        const lengthOf = (text: string) => /got (\d+)/.exec(compileSchema({ maxLength: 0 }, true)(text) ?? "")?.[1];
        assert.deepEqual(
            ["\xc3\xa9x", "\xf0\x9f\x98\x80", "\xff\xfe", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80"].map(lengthOf),
            ["2", "1", "2", "2", "2", "3"],
        );
    });

    it("end the request where contains gets no table", () =>
        assert.throws(() => compileSchema({ contains: { type: "string" } })("a"), SchemaCrash));

    it("are rejected with an unknown type name when they are written", () => {
        assert.throws(() => compileSchema({ type: "text" }), /invalid JSON type: text/);
    });
});

describe("expressions in vars and filters", () => {
    const variables: Record<string, string | number> = { status: 503, http_x: "1", remote_addr: "10.1.2.3" };
    const cases: [rule: unknown, result: boolean | RegExp][] = [
        [[["status", ">=", 502]], true],
        [[["status", "==", "503"]], false],
        [[["http_x", "==", 1]], true],
        [[["http_y", "~=", "1"]], true],
        [[["http_x", "in", ["0", "1"]]], true],
        [[["http_x", "!", "in", ["0", "1"]]], false],
        [[["http_x", "in", [0, 1]]], false],
        [[["status", "in", [502, 503]]], true],
        [[["remote_addr", "ipmatch", ["10.0.0.0/8"]]], true],
        [[["http_x", "~~", "^[0-9]$"]], true],
        [["OR", ["http_x", "==", "2"], ["status", "<", 600]], true],
        [["!AND", ["http_x", "==", "1"], ["status", "<", 600]], false],
        [[["http_x", "!=", "1"]], /invalid operator '!='/],
        [["http_x", "==", "1"], /rule should be wrapped inside brackets/],
    ];
    for (const [rule, result] of cases)
        it(`${JSON.stringify(rule)} is ${String(result)}`, () => {
            const compiled = compileExpr(rule);
            if (result instanceof RegExp) assert.match("error" in compiled ? compiled.error : "", result);
            else assert.equal("condition" in compiled && compiled.condition((name) => variables[name]), result);
        });
});

describe("regular expressions", () => {
    it("support (?i) at the start, and $ before a final line feed, like PCRE", () => {
        const json = compilePcre("^(?i)application/json *(;|$)") as RegExp;
        assert.ok(json.test("APPLICATION/JSON"));
        assert.ok(!json.test("application/jsonp"));
        assert.ok((compilePcre("a$") as RegExp).test("a\n"));
    });
    it("are undefined where they are broken, and rejected where they cannot be translated", () => {
        assert.equal(compilePcre("("), undefined);
        assert.throws(() => compilePcre("(?>a)"), /unsupported/);
    });
});

describe("round robin", () => {
    it("selects by weight, and never a node of weight 0", () => {
        const robin = new RoundRobin([
            ["a", 2],
            ["b", 1],
            ["c", 0],
        ]);
        const picks = Array.from({ length: 300 }, () => robin.pick());
        const count = (name: string) => picks.filter((p) => p === name).length;
        assert.ok(Math.abs(count("a") - 200) <= 2 && Math.abs(count("b") - 100) <= 2);
        assert.equal(count("c"), 0);
    });
});

describe("ring of chash", () => {
    // Results of lua-resty-chash for these names and keys.
    const ringOf = (weights: Record<string, number>) =>
        new Ring(Object.entries(weights).map(([name, weight]): [string, string, number] => [name, name, weight]));
    it("selects the same name for each key as lua-resty-chash", () => {
        const ring = ringOf({ server1: 10, server2: 2, server3: 1 });
        const found = Array.from({ length: 100_000 }, (_, i) => ring.find(String(i + 1), new Set()));
        const count = (name: string) => found.filter((f) => f === name).length;
        assert.deepEqual(["server1", "server2", "server3"].map(count), [77_075, 14_743, 8_182]);
    });
    it("continues at the next node that was not tried, and ends when all were tried", () => {
        const ring = ringOf({ server1: 2, server2: 2, server3: 1 });
        assert.equal(ring.find("foo", new Set()), "server1");
        assert.notEqual(ring.find("foo", new Set(["server1"])), "server1");
        assert.equal(ring.find("foo", new Set(["server1", "server2"])), "server3");
        assert.equal(ring.find("foo", new Set(["server1", "server2", "server3"])), undefined);
    });
});
