// Proves that the emulator has the quirks of Alpa's service with which the gateway must cope.

import assert from "node:assert/strict";

import type { Seen } from "../../alpa/server";
import { ask, good, inOneBatch, withAlpa, type Ask } from "./kit";

const refused: [why: string, body: unknown, message: RegExp][] = [
    ["no body", undefined, /Expecting value/],
    ["a truncated body", '{"model": "default"', /Expecting ',' delimiter/],
    ["single quotes", "{'model': 1}", /Expecting/],
    ["a comma too many", '{"model":1,}', /Expecting property name/],
    ["text after the object", "{}\n\n {}", /Extra data/],
    ["a line break in a text", '{"model":"a\nb"}', /Expecting/],
    ["half a character", Buffer.from([0x22, 0xe2, 0x82]), /codec can't decode/],
    ["UTF-16", Buffer.from(JSON.stringify(good), "utf16le"), /unsupported by the sandbox: JSON in UTF-16/],
    ["no model", {}, /Model name is not specified/],
    ["a list", [], /Model name is not specified/],
    ["model null", { model: null }, /Model 'None' is not registered/],
    ["a key", { ...good, api_key: "x" }, /API key is incorrect/],
    ["an answer to recaptcha", { ...good, "g-recaptcha-response": "x" }, /unsupported by the sandbox/],
    ["no prompt", { model: "default" }, /^'prompt'$/],
    ["an empty prompt", { ...good, prompt: "" }, /must be nonempty/],
    ["a mixed prompt", { ...good, prompt: ["a", 1] }, /must be a string, or a list/],
    ["token ids that are floats", '{"model":"default","prompt":[1.0]}', /must be a string, or a list/],
    ["half a pair", '{"model":"default","prompt":"a\\ud800"}', /surrogates not allowed/],
    ["a prompt of 1025 tokens", { ...good, prompt: "a".repeat(1025) }, /1025 is too long/],
    ["max_tokens in words", { ...good, max_tokens: "ten" }, /invalid literal for int/],
    ["max_tokens NaN", '{"model":"default","prompt":"a","max_tokens":NaN}', /cannot convert float/],
    ["top_p that rounds to 1.1", { ...good, top_p: 1.06 }, /^$/],
    ["stop null", { ...good, stop: null }, /stop argument is not implemented/],
];

const accepted: [why: string, body: unknown, texts: string[]][] = [
    ["true as a token id", { ...good, prompt: [true] }, [" one two"]],
    ["max_tokens 3.9", { ...good, max_tokens: 3.9 }, [" on"]],
    ["max_tokens with blanks", { ...good, max_tokens: " 3 " }, [" on"]],
    ["top_p that rounds to 1.0", { ...good, top_p: 1.04 }, [" one two"]],
    ["infinite temperature", '{"model":"default","prompt":"a","max_tokens":3,"temperature":Infinity}', [" on"]],
    ["a repeated key, whose last value counts", '{"model":"x","model":"default","prompt":"a","max_tokens":3}', [" on"]],
    ["a prompt of exactly 1024 tokens", { ...good, prompt: "a".repeat(1024) }, [""]],
    [
        "six prompts, split over two batches",
        { ...good, max_tokens: 3, prompt: ["a", "b", "c", "d", "e", "f"] },
        Array(6).fill(" on"),
    ],
];

const deadly: [why: string, request: Ask][] = [
    ["two answers per prompt", { body: { ...good, n: 2 } }],
    ["min_tokens above max_tokens", { body: { ...good, min_tokens: 9 } }],
    ["min_tokens that do not fit", { body: { ...good, min_tokens: 1017, max_tokens: 1024 } }],
    ["a negative max_tokens", { body: { ...good, max_tokens: -1 } }],
    ["a token id of 2^31", { body: { ...good, prompt: [2 ** 31] } }],
    ["a token id of 2^31 in logprobs", { path: "/logprobs", body: { model: "default", prompt: [2 ** 31] } }],
    ["echo of an id that the tokenizer lacks", { body: { ...good, prompt: [50265], echo: true } }],
    ["a negative top_k", { path: "/logprobs", body: { model: "default", prompt: "a", top_k: -1 } }],
    ["a field named input without ids", { body: { ...good, input: "x" } }],
];

describe("Alpa emulator", () => {
    for (const [why, body, message] of refused) {
        it(`rejects ${why} with 400`, () =>
            withAlpa({}, async ({ port }) => {
                const { status, json } = await ask(port, { body });
                assert.deepEqual([status, json.type], [400, "error"]);
                assert.match(json.message, message);
                assert.ok(json.stacktrace.length > 0);
            }));
    }

    for (const [why, body, texts] of accepted) {
        it(`accepts ${why}`, () =>
            withAlpa({}, async ({ port }) => {
                const { status, json } = await ask(port, { body });
                assert.equal(status, 200, JSON.stringify(json));
                assert.deepEqual(
                    json.choices,
                    texts.map((text) => ({ text })),
                );
                assert.deepEqual(Object.keys(json), ["id", "object", "created", "choices"]);
            }));
    }

    for (const [why, request] of deadly) {
        it(`answers no valid request after ${why}`, () =>
            withAlpa({}, async (alpa) => {
                const hung = [request, { body: good }].map((one) =>
                    ask(alpa.port, one).then(
                        () => "answered",
                        () => "cut",
                    ),
                );
                const { json } = await ask(alpa.port, { body: { ...good, stop: "x" } });
                assert.equal(json.message, "The stop argument is not implemented", "rejections are still answered");
                assert.ok(alpa.died());
                await alpa.close();
                assert.deepEqual(await Promise.all(hung), ["cut", "cut"]);
            }));
    }

    const paths: [path: string, answers: RegExp][] = [
        ["/v1/completions", /choices/],
        ["//completions", /choices/],
        ["/completions/logprobs", /choices/],
        ["/%63ompletions?x=1", /choices/],
        ["/my-logprobs", /cache_id/],
        ["/", /Invalid url: {request.url}/],
        ["/?path=completions", /Invalid url: {request.url}/],
        ["/x%3Fcompletions", /Invalid url: {request.url}/],
    ];
    for (const [path, answers] of paths) {
        it(`selects the method by a word in the path: ${path}`, () =>
            withAlpa({}, async ({ port }) => assert.match((await ask(port, { path, body: good })).text, answers)));
    }

    it("names the missing model until a model is registered", () =>
        withAlpa({ mode: "no-model" }, async ({ port }) => {
            assert.equal((await ask(port, { body: good })).json.message, "Model 'default' is not registered.");
        }));

    it("uses the last request's echo for its whole batch of at most four", async () => {
        const sends = [false, false, false, true, false].map(
            (echo) =>
                ({ port }: { port: number }) =>
                    ask(port, { body: { ...good, max_tokens: 3, prompt: "ab", echo } }),
        );
        const texts = (await inOneBatch({}, sends)).map(({ json }) => json.choices[0].text);
        assert.deepEqual(texts, ["ab on", "ab on", "ab on", "ab on", " on"]);
    });

    it("replaces the validated prompt by a field called input", () =>
        withAlpa({}, async ({ port }) => {
            const { json } = await ask(port, { body: { ...good, max_tokens: 0, echo: true, input: [70, 109] } });
            assert.equal(json.choices[0].text, "Bi");
        }));

    it("writes answers in ASCII", () =>
        withAlpa({}, async ({ port }) => {
            const { text } = await ask(port, { body: { ...good, prompt: "Zü😀", max_tokens: 0, echo: true } });
            assert.match(text, /"choices": \[{"text": "Z\\u00fc\\ud83d\\ude00"}\]/);
        }));

    it("keeps four logprobs caches, and deletes one that the next request does not extend by one token", () =>
        withAlpa({}, async ({ port }) => {
            const step = async (prompt: number[], cache_id?: string) =>
                (await ask(port, { path: "/logprobs", body: { model: "default", prompt, top_k: 1, cache_id } })).json;
            const first = await step([5]);
            assert.equal((await step([5, 6], first.cache_id)).cache_id, first.cache_id);
            const jump = await step([5, 6, 7, 8], first.cache_id);
            assert.match(jump.message, /^Request does not extend cached request by one token; /);
            assert.equal((await step([9, 9, 9], first.cache_id)).cache_id, first.cache_id, "the entry is deleted");
            for (let i = 0; i < 4; i++) await step([5]);
            assert.equal((await step([1], first.cache_id)).type, undefined, "evicted by four others");
        }));

    for (const [age, texts] of [
        [15_000, [" on", "ab on"]],
        [15_001, ["ab on", "ab on"]],
    ] as const)
        it(`serves logprobs with a cache of ${age} ms ${age > 15_000 ? "in turn" : "before waiting requests"}`, async () => {
            let now = 0;
            const logprobs = (port: number, prompt: number[], cache_id?: string) =>
                ask(port, { path: "/logprobs", body: { model: "default", prompt, top_k: 1, cache_id } });
            const echoing = (echo: boolean) => (alpa: { port: number }) =>
                ask(alpa.port, { body: { ...good, max_tokens: 3, prompt: "ab", echo } });
            const cache_id = "0".repeat(32);
            const [, first, second] = await inOneBatch({ now: () => now }, [
                async ({ port }) => logprobs(port, [5], cache_id),
                async (alpa) => ((now = age), echoing(false)(alpa)),
                echoing(true),
                async ({ port }) => logprobs(port, [5, 6], cache_id),
            ]);
            assert.deepEqual(
                [first, second].map(({ json }) => json.choices[0].text),
                texts,
            );
        });

    for (const [why, cache_id] of [
        ["null", null],
        ["a word", "x"],
        ["a number", 1],
    ] as const) {
        it(`refuses a cache_id that is ${why}`, () =>
            withAlpa({}, async ({ port }) => {
                const { json } = await ask(port, {
                    path: "/logprobs",
                    body: { model: "default", prompt: "a", cache_id },
                });
                assert.match(json.message, /^Malformed "cache_id"/);
            }));
    }

    it("answers nothing during a generation, not even rejections", async () => {
        let arrived = () => {};
        let began = 0;
        const generating = new Promise<void>((resolve) => (arrived = () => setImmediate(resolve)));
        await withAlpa(
            { seconds: 0.2, onRequest: () => ((began ||= performance.now()), arrived()) },
            async ({ port }) => {
                const answer = ask(port, { body: good });
                await generating;
                await ask(port, { body: { ...good, stop: 1 } });
                const after = performance.now() - began;
                assert.ok(after > 195, `rejected after ${after} ms, during a generation of 200 ms`);
                await answer;
            },
        );
    });

    it("keeps each request byte for byte for the test", async () => {
        const seen: Seen[] = [];
        await withAlpa({ onRequest: (one) => seen.push(one) }, async ({ port }) => {
            await ask(port, {
                path: "/completions?q=1",
                headers: { "X-Forwarded-For": "1.2.3.4" },
                body: '{ "model":1}',
            });
        });
        assert.equal(seen.length, 1);
        assert.equal(seen[0].method, "POST");
        assert.equal(seen[0].path, "/completions?q=1");
        assert.equal(seen[0].headers[seen[0].headers.indexOf("X-Forwarded-For") + 1], "1.2.3.4");
        assert.equal(seen[0].body.toString(), '{ "model":1}');
    });
});
