// Proves which requests the guard accepts, by its JSON schema for APISIX. Tests on the sandbox prove how APISIX reads bodies.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import {
    completionsSchema,
    guardPlugins,
    logprobsSchema,
    type GuardSettings,
} from "../../../../components/route/request-guard";
import { GUARD } from "./guard-settings";

const guard: GuardSettings = GUARD;
/** Writes defaults into the validated value, like APISIX's validator. */
const ajv = new Ajv({ strict: false, useDefaults: true });
const schemas = { completions: ajv.compile(completionsSchema(guard)), logprobs: ajv.compile(logprobsSchema(guard)) };
const model = "default";
const UUID = "ce2a3ff2-0585-4932-bad9-7e06a2722234";

type Case = [what: string, fields: Record<string, unknown>];
const passes: Record<keyof typeof schemas, Case[]> = {
    completions: [
        ["a text", { prompt: "Paris is" }],
        [
            "the client library's request",
            { prompt: "a", min_tokens: 0, max_tokens: 32, temperature: 1, top_p: 1, echo: true, api_key: null },
        ],
        ["as many texts as Alpa's batch size", { prompt: ["a", "b", "c", "d"] }],
        ["token ids", { prompt: [0, 2, 50264] }],
        ["lists of token ids", { prompt: [[1, 2], [3]] }],
        ["as many tokens as fit", { prompt: Array.from({ length: 1024 }, () => 1) }],
        ["n of one", { prompt: "a", n: 1 }],
        [
            "numbers as texts",
            { prompt: "a", max_tokens: "32", temperature: "0.4", top_p: "0.3", n: "1", min_tokens: "0" },
        ],
        ["the largest numbers as strings", { prompt: "a", max_tokens: "1024", temperature: "100", top_p: "1.0" }],
        ["a field Alpa ignores", { prompt: "a", stream: true, user: "me" }],
        ["min_tokens of zero", { prompt: "a ".repeat(2000), min_tokens: 0 }],
        ["a text of 1,024 bytes without a space", { prompt: "a".repeat(1024) }],
        ["as long a text as may fit", { prompt: "a ".repeat(4096) }],
    ],
    logprobs: [
        ["a text", { prompt: "Paris is" }],
        [
            "the client library's request",
            {
                prompt: [
                    [1, 2],
                    [3, 4],
                ],
                top_k: 50,
                api_key: null,
                cache_id: UUID,
            },
        ],
        ["four prompts", { prompt: ["a", "b", "c", "d"] }],
        ["top_k as a text", { prompt: "a", top_k: "50" }],
    ],
};
const refused: Record<keyof typeof schemas, Case[]> = {
    completions: [
        ["no prompt", {}],
        ["an empty prompt", { prompt: "" }],
        ["an empty list", { prompt: [] }],
        ["an empty list in a list", { prompt: [[]] }],
        ["more texts than Alpa's batch size", { prompt: ["a", "b", "c", "d", "e"] }],
        ["more lists of token ids than Alpa's batch size", { prompt: [[1], [2], [3], [4], [5]] }],
        ["two answers", { prompt: "a", n: 2 }],
        ["no answer", { prompt: "a", n: 0 }],
        ["two answers as a string", { prompt: "a", n: "2" }],
        ["n as null", { prompt: "a", n: null }],
        ["max_tokens as a string above the model's length", { prompt: "a", max_tokens: "1025" }],
        ["max_tokens as a string of zero", { prompt: "a", max_tokens: "0" }],
        ["max_tokens as a negative string", { prompt: "a", max_tokens: "-1" }],
        ["max_tokens as a string that only Python reads as a number", { prompt: "a", max_tokens: " 1_000 " }],
        ["min_tokens as a string above zero", { prompt: "a", min_tokens: "1" }],
        ["a temperature that is not a number", { prompt: "a", temperature: "nan" }],
        ["top_p as a string above one", { prompt: "a", top_p: "1.01" }],
        ["token ids as strings", { prompt: [["1"]] }],
        ["stop", { prompt: "a", stop: ["x"] }],
        ["stop as null", { prompt: "a", stop: null }],
        ["a token id of 2^31", { prompt: [2 ** 31] }],
        ["a token id of the model that the tokenizer lacks", { prompt: [50265] }],
        ["a text that the tokenizer processes slowly", { prompt: ["a", "a".repeat(1025)] }],
        ["a text that cannot fit", { prompt: "a ".repeat(4097) }],
        ["a negative token id", { prompt: [[-1]] }],
        ["more tokens than fit", { prompt: Array.from({ length: 1025 }, () => 1) }],
        [
            "min_tokens above zero, as another caller's prompt may be long",
            { prompt: "a", min_tokens: 1, max_tokens: 32 },
        ],
        ["negative min_tokens", { prompt: "a", min_tokens: -1 }],
        ["negative max_tokens", { prompt: "a", max_tokens: -1 }],
        ["a parameter for higher priority", { prompt: "a", "g-recaptcha-response": "x" }],
        ["a key for Alpa", { prompt: "a", api_key: "k" }],
        ["an empty key for Alpa", { prompt: "a", api_key: "" }],
        ["a parameter that replaces the prompt without a check", { prompt: "a", input: [[1]] }],
        ["a negative temperature", { prompt: "a", temperature: -1 }],
        ["top_p above one", { prompt: "a", top_p: 1.1 }],
        ["echo as a string, which Alpa reads as true", { prompt: "a", echo: "false" }],
    ],
    logprobs: [
        ["a negative top_k", { prompt: "a", top_k: -1 }],
        ["top_k of zero", { prompt: "a", top_k: 0 }],
        ["top_k as a string of zero", { prompt: "a", top_k: "0" }],
        ["top_k as a string above Alpa's default", { prompt: "a", top_k: "100001" }],
        ["five prompts", { prompt: ["a", "b", "c", "d", "e"] }],
        ["an invalid cache_id", { prompt: "a", cache_id: "1" }],
        ["a cache_id as null, an error in Alpa", { prompt: "a", cache_id: null }],
        ["a token id of 2^31", { prompt: [[2 ** 31]] }],
        ["a text that the tokenizer processes slowly", { prompt: "a".repeat(1025) }],
        ["a text that cannot fit", { prompt: "a ".repeat(4097) }],
        ["a key for Alpa", { prompt: "a", api_key: "k" }],
        ["a parameter for higher priority", { prompt: "a", "g-recaptcha-response": "x" }],
    ],
};

for (const path of ["completions", "logprobs"] as const)
    describe(`the guard of /${path}`, () => {
        for (const [what, fields] of passes[path])
            it(`accepts ${what}`, () => assert.ok(schemas[path]({ model, ...fields })));
        for (const [what, fields] of refused[path])
            it(`rejects ${what}`, () => assert.ok(!schemas[path]({ model, ...fields })));
        it("names the stack's model in a request without one", () => {
            const body = { prompt: "a" };
            assert.ok(schemas[path](body));
            assert.deepEqual(body, { prompt: "a", model });
        });
        for (const named of ["", null, 1])
            it(`rejects a model called ${JSON.stringify(named)}`, () =>
                assert.ok(!schemas[path]({ model: named, prompt: "a" })));
    });

describe("the guard of /completions with min_tokens allowed up to 128", () => {
    const check = ajv.compile(completionsSchema({ ...guard, minTokens: 128 }));
    const ids = (length: number) => Array.from({ length }, () => 1);
    const passing: Case[] = [
        ["min_tokens at that limit", { prompt: "a", min_tokens: 128, max_tokens: 128 }],
        [
            "fewer min_tokens, with max_tokens at the largest min_tokens of any caller",
            { prompt: "a", min_tokens: 1, max_tokens: 128 },
        ],
        ["min_tokens and max_tokens as strings", { prompt: "a", min_tokens: "128", max_tokens: "128" }],
        ["min_tokens without max_tokens, which is then the model's length", { prompt: "a", min_tokens: 128 }],
        ["few max_tokens without min_tokens", { prompt: "a", max_tokens: 1 }],
        ["as many token ids as leave room", { prompt: ids(896) }],
        ["as long a text as leaves room", { prompt: ["a", "a".repeat(224)] }],
    ];
    const refusing: Case[] = [
        ["more min_tokens", { prompt: "a", min_tokens: 129 }],
        ["the same as strings", { prompt: "a", min_tokens: "1", max_tokens: "127" }],
        [
            "min_tokens with max_tokens below the largest min_tokens of any caller",
            { prompt: "a", min_tokens: 1, max_tokens: 127 },
        ],
        ["token ids that leave no room for another caller's min_tokens", { prompt: ids(897) }],
        ["a text that may leave none", { prompt: ["a", "a".repeat(225)], min_tokens: 0 }],
    ];
    for (const [what, fields] of passing) it(`accepts ${what}`, () => assert.ok(check({ model, ...fields })));
    for (const [what, fields] of refusing) it(`rejects ${what}`, () => assert.ok(!check({ model, ...fields })));
});

describe("a field that the guard rejects", () => {
    const [, table] = readFileSync("docs/evaluate/requests.md", "utf8").split("## What the guard rejects");
    const rows = table
        .split("\n###")[0]
        .match(/^- .*$/gm)!
        .join("\n");
    const fields = [completionsSchema(guard), logprobsSchema(guard)].flatMap((schema) => [
        ...Object.keys(schema.properties),
        ...schema.allOf.flatMap((part) => ("not" in part ? part.not.anyOf.flatMap(({ required }) => required) : [])),
    ]);
    for (const field of new Set(fields))
        it(`has its reason in docs/evaluate/requests.md: ${field}`, () => assert.ok(rows.includes(`\`${field}\``)));
});

describe("guardPlugins", () => {
    const config = (name: string, settings = guard): any =>
        guardPlugins("/completions", settings).find((p) => p.name === name)?.config;
    const types = new RegExp(
        config("request-validation").header_schema.properties["content-type"].pattern.replace("(?i)", ""),
        "i",
    );

    it("requires the JSON content type, so that no form passes without validation", () => {
        assert.deepEqual(config("request-validation").header_schema.required, ["content-type"]);
        for (const good of ["application/json", "Application/JSON; charset=utf-8", "application/json ; charset=x"])
            assert.match(good, types);
        for (const bad of [
            "application/x-www-form-urlencoded",
            "text/plain",
            "application/jsonp",
            "x application/json",
            "application/json; application/x-www-form-urlencoded",
        ])
            assert.doesNotMatch(bad, types);
    });
    it("runs after authentication and before the limits: unauthenticated clients learn nothing, and no quota is used", () => {
        // Priorities of APISIX: multi-auth 2600, limit-conn 1003.
        const { priority } = config("request-validation")._meta;
        assert.ok(priority < 2600 && priority > 1003);
    });
    it("rejects in Alpa's format, and lists what is accepted", () => {
        for (const name of ["client-control", "request-validation"]) {
            const { type, stacktrace, message } = config(name)._meta.error_response;
            assert.deepEqual([type, stacktrace], ["error", ""]);
            assert.ok(message.length > 20);
        }
    });
    it("limits the body in both plugins that read it", () => {
        assert.equal(config("client-control").max_body_size, 65536);
        assert.equal(config("request-validation").max_req_body_size, 65536);
    });
    it("uses the model's length and vocabulary", () => {
        const small = ajv.compile(completionsSchema({ ...guard, contextTokens: 8, vocabulary: 10 }));
        assert.ok(small({ model, prompt: [9] }));
        assert.ok(!small({ model, prompt: [10] }));
        assert.ok(!small({ model, prompt: Array.from({ length: 9 }, () => 1) }));
        assert.ok(!small({ model, prompt: "a", max_tokens: 9 }));
    });
    it("uses the number of prompts, for logprobs up to what Alpa accepts", () => {
        const fits = (schema: object, count: number) =>
            ajv.compile(schema)({ model, prompt: Array.from({ length: count }, () => "a") });
        const of = (maxPrompts: number) => ({ ...guard, maxPrompts });
        assert.deepEqual(
            [8, 9].map((count) => fits(completionsSchema(of(8)), count)),
            [true, false],
        );
        assert.deepEqual(
            [4, 5].map((count) => fits(logprobsSchema(of(8)), count)),
            [true, false],
        );
        assert.deepEqual(
            [2, 3].map((count) => fits(logprobsSchema(of(2)), count)),
            [true, false],
        );
    });
    it("still limits the body when the guard is off", () => {
        const off = { ...guard, enabled: false };
        assert.equal(config("request-validation", off), undefined);
        assert.equal(config("client-control", off).max_body_size, 65536);
    });
});
