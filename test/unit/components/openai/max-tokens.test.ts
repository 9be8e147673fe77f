// Proves that no request which passes the rules can make the server generate more tokens than its caller may. The emulator's
// evaluator of APISIX's conditions decides what passes, and a description of the fields of vLLM's request models (pydantic
// 2.14) what the server would generate. Engine tests prove the same rules in a gateway.
import type { OpenaiPath } from "../../../../components/openai/paths";
import { strict as assert } from "node:assert";
import * as fc from "fast-check";
import { maxTokensRules, tokenLimits, type TokenLimits } from "../../../../components/openai/max-tokens";
import { compileExpr } from "../../../../sandbox/gateway/lua/expr";

const MOST = 100;
const CHAT = "chat/completions";
const COMPLETIONS = "completions";
const CALLERS: TokenLimits = { lab: { maxTokens: MOST }, budget: { maxTokens: MOST, tokens: 1000 } };

type Body = Record<string, unknown>;

/** Value of `post_arg.<path>` in a JSON body. `prompt[*]` is the entries of a list or object, if it has any. */
function argument(body: unknown, path: string): unknown {
    const entries = path.endsWith("[*]");
    const found = path
        .replace("[*]", "")
        .split(".")
        .reduce<unknown>((at, key) => (typeof at === "object" ? (at as Body | null)?.[key] : undefined), body);
    if (!entries) return found;
    return typeof found === "object" && found !== null && Object.keys(found).length > 0 ? found : undefined;
}

/** Whether the rules let a request pass. @param json the body as sent; of a repeated key, the last one counts */
function passes(path: OpenaiPath, json: string, caller = "lab", callers = CALLERS): boolean {
    const body: unknown = JSON.parse(json);
    const lookup = (name: string) =>
        name === "consumer_name" ? `ns_${caller}` : argument(body, name.replace(/^post_arg\./, ""));
    return !maxTokensRules(path, "ns", callers).some((rule) => {
        const condition = compileExpr(rule.case);
        return condition(lookup as Parameters<typeof condition>[0]);
    });
}

/** An integer as pydantic reads it, undefined if it rejects the value. Booleans and texts are converted. */
function integer(value: unknown): number | undefined {
    if (typeof value === "boolean") return Number(value);
    if (typeof value === "number") return Number.isInteger(value) ? value : undefined;
    if (typeof value !== "string" || !/^\s*[+-]?\d+(_\d+)*(\.0+)?\s*$/.test(value)) return undefined;
    return Number(value.replaceAll("_", ""));
}

/** Most tokens that vLLM generates for a request. 0: it rejects the request. Infinity: the rest of the context. */
function generated(path: string, body: Body): number {
    const read = (name: string) => (body[name] === undefined || body[name] === null ? null : integer(body[name]));
    const [own, chat, n] = [read("max_tokens"), read("max_completion_tokens"), read("n")];
    const limit = path === CHAT ? (chat ?? own) : body.max_tokens === undefined ? 16 : own;
    if ([own, chat, n].includes(undefined) || (limit ?? 1) < 1 || (n ?? 1) < 1) return 0;
    const prompts = path === CHAT || !Array.isArray(body.prompt) ? 1 : body.prompt.length;
    const embedded = path === CHAT || !Array.isArray(body.prompt_embeds) ? 0 : body.prompt_embeds.length;
    return (limit ?? Infinity) * (n ?? 1) * Math.max(1, prompts + embedded);
}

const GOOD = ["1", "5", "100", "100.0", "1e2", '"5"', '"100"', '" 7 "'];
const BAD = [
    ...["101", "100.5", "1e3", "1e400", "0", "-1", "-0", "0.5", "null", "true", "false", "[]", "[5]", "{}", '{"a":5}'],
    ...['"101"', '"9_000"', '"1_0"', '""', '" "', '"abc"', '"inf"', '"nan"', '"-1"', '"0"', '"１００"', '"5 tokens"'],
];
const OTHER = "max_completion_tokens";
type Case = [path: OpenaiPath, body: string];
const ok = (values: string[], form: (value: string) => Case[]) => values.flatMap(form);

const PASSED: Case[] = [
    ...ok(GOOD, (v) => [
        [CHAT, `{"max_tokens":${v}}`],
        [CHAT, `{"${OTHER}":${v}}`],
        [CHAT, `{"max_tokens":${v},"${OTHER}":100}`],
        [CHAT, `{"max_tokens":101,"max_tokens":${v}}`],
        [COMPLETIONS, `{"max_tokens":${v},"prompt":"a"}`],
    ]),
    [CHAT, '{"max_tokens":5,"n":1}'],
    [CHAT, '{"max_tokens":5,"n":1.0,"stream":true}'],
    [CHAT, '{"max_tok\\u0065ns":5}'],
    [CHAT, '{"max_tokens":5,"prompt":["a","b"],"best_of":9}'], // /v1/chat/completions has no such fields
    [COMPLETIONS, '{"max_tokens":5,"prompt":""}'],
    [COMPLETIONS, `{"max_tokens":5,"${OTHER}":9000,"prompt":"a"}`], // /v1/completions does not read it
    [COMPLETIONS, '{"max_tokens":5,"min_tokens":9000,"ignore_eos":true,"logprobs":9}'],
];
const REJECTED: Case[] = [
    ...ok(BAD, (v) => [
        [CHAT, `{"max_tokens":${v}}`],
        [CHAT, `{"${OTHER}":${v}}`],
        [CHAT, `{"max_tokens":5,"${OTHER}":${v}}`],
        [COMPLETIONS, `{"max_tokens":${v},"prompt":"a"}`],
    ]),
    ...ok(["2", "0", "null", "true", '"1"', '"2"', "[1]", "16384"], (v) => [
        [CHAT, `{"max_tokens":5,"n":${v}}`],
        [COMPLETIONS, `{"max_tokens":5,"prompt":"a","n":${v}}`],
    ]),
    ...ok(['["a","b"]', '["a"]', "[1,2]", "[[1],[2]]", '{"a":"b"}'], (v) => [
        [COMPLETIONS, `{"max_tokens":5,"prompt":${v}}`],
    ]),
    ...ok(["1", "2", "null"], (v) => [[COMPLETIONS, `{"max_tokens":5,"prompt":"a","best_of":${v}}`]]),
    ...ok(['"QQ=="', '["QQ==","QQ=="]'], (v) => [[COMPLETIONS, `{"max_tokens":5,"prompt_embeds":${v}}`]]),
    ...ok(["{}", "[]", "5", '"x"', "null", '{"a":{"max_tokens":5}}', '[{"max_tokens":5}]', '{"Max_Tokens":5}'], (v) => [
        [CHAT, v],
        [COMPLETIONS, v],
    ]),
    ...ok(["n_predict", "n_cmpl"], (name) => [
        [CHAT, `{"max_tokens":5,"${name}":1}`],
        [COMPLETIONS, `{"max_tokens":5,"prompt":"a","${name}":1}`],
    ]),
    [CHAT, '{"max_tokens":5,"max_tokens":101}'],
    [CHAT, '{"max_tokens":5,"max_tok\\u0065ns":101}'],
];

describe("maxTokensRules", () => {
    for (const [path, body] of PASSED) it(`let pass: ${path} ${body}`, () => assert.equal(passes(path, body), true));
    for (const [path, body] of REJECTED) it(`reject: ${path} ${body}`, () => assert.equal(passes(path, body), false));

    it("let no request pass that generates more than the maximum", () => {
        const value = fc.oneof(
            fc.constantFrom(...[...GOOD, ...BAD].map((text) => JSON.parse(text) as unknown)),
            fc.integer({ min: -2, max: 300 }),
            fc.integer({ min: 90, max: 110 }).map(String),
            fc.jsonValue({ maxDepth: 1 }),
        );
        const names = ["max_tokens", OTHER, "n", "best_of", "prompt", "prompt_embeds"];
        const bodies = fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
        const paths = fc.constantFrom(CHAT, COMPLETIONS);
        let reached = 0;
        fc.assert(
            fc.property(paths, bodies, (path, body) => {
                if (!passes(path, JSON.stringify(body))) return;
                reached += 1;
                assert(generated(path, body) <= MOST, JSON.stringify(body));
            }),
            { numRuns: 3000 },
        );
        assert(reached > 20, `only ${reached} requests passed`);
    });

    it("reject a stream without usage of a caller with a budget, and of no other caller", () => {
        const stream = (more: string, caller?: string) => passes(CHAT, `{"max_tokens":5,"stream":true${more}}`, caller);
        assert.deepEqual([stream("", "lab"), stream("", "budget")], [true, false]);
        assert.equal(stream(',"stream_options":{"include_usage":true}', "budget"), true);
        for (const options of ["null", "{}", "true", '{"include_usage":false}', '{"include_usage":"true"}', "[true]"])
            assert.equal(stream(`,"stream_options":${options}`, "budget"), false, options);
        for (const value of ['"true"', "1", "null", '"false"'])
            assert.equal(passes(CHAT, `{"max_tokens":5,"stream":${value}}`, "budget"), false, value);
        for (const value of ["", ',"stream":false'])
            assert.equal(passes(CHAT, `{"max_tokens":5${value}}`, "budget"), true, value);
    });

    it("apply each caller's own maximum, and none to a caller without one", () => {
        const callers = { ...CALLERS, big: { maxTokens: 200 } };
        const allowed = (tokens: number) =>
            ["lab", "big", "free"].filter((one) => passes(CHAT, `{"max_tokens":${tokens}}`, one, callers));
        assert.deepEqual(
            [allowed(100), allowed(200), allowed(201)],
            [["lab", "big", "free"], ["big", "free"], ["free"]],
        );
    });

    it("have one rule for all callers with the same limits, and none for paths that generate nothing", () => {
        const many = tokenLimits(
            Array.from({ length: 1000 }, (_, i) => ({ name: `c${i}`, limits: { maxTokens: 64, concurrent: i + 1 } })),
        );
        assert.equal(maxTokensRules(CHAT, "ns", many).length, 1);
        assert.deepEqual([maxTokensRules("embeddings", "ns", many), maxTokensRules(CHAT, "ns", {})], [[], []]);
    });
});
