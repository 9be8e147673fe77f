// Proves that the emulator has the quirks of Alpa's service that affect the gateway, with Alpa's own messages. Texts of Python
// errors were compared with the output of CPython 3.8.18.

import assert from "node:assert/strict";
import net from "node:net";

import type { Seen } from "../../alpa/server";
import { ask, good, inOneBatch, withAlpa, type Ask } from "./kit";

const refused: [why: string, body: unknown, message: string][] = [
    ["no body", undefined, "Expecting value: line 1 column 1 (char 0)"],
    ["a truncated body", '{"model": "default"', "Expecting ',' delimiter: line 1 column 20 (char 19)"],
    ["single quotes", "{'model': 1}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"],
    [
        "a comma too many",
        '{"model":1,}',
        "Expecting property name enclosed in double quotes: line 1 column 12 (char 11)",
    ],
    ["text after the object", "{}\n\n x", "Extra data: line 3 column 2 (char 5)"],
    ["a line break in a text", '{"model":"a\nb"}', "Invalid control character at: line 1 column 12 (char 11)"],
    ["an unknown escape", '"\\x"', "Invalid \\escape: line 1 column 2 (char 1)"],
    [
        "half a character",
        Buffer.from([0x22, 0xe2, 0x82]),
        "'utf-8' codec can't decode bytes in position 1-2: unexpected end of data",
    ],
    ["no model", {}, "Model name is not specified in the request."],
    ["a list", [], "Model name is not specified in the request."],
    ["a list that contains the word", ["model"], "list indices must be integers or slices, not str"],
    ["a text that contains the word", '"my model"', "string indices must be integers"],
    ["null", "null", "argument of type 'NoneType' is not iterable"],
    ["a number", "1.0", "argument of type 'float' is not iterable"],
    ["model null", { model: null }, "Model 'None' is not registered."],
    ["model 1.0", '{"model": 1.0}', "Model '1.0' is not registered."],
    ["model as an object", { model: {} }, "unhashable type: 'dict'"],
    [
        "a key, checked before the prompt",
        { model: "default", api_key: "x" },
        "API key is incorrect, please verify that you have passed the right value (as opposed to, say, an OpenAI API key).",
    ],
    ["no prompt", { model: "default" }, "'prompt'"],
    ["an empty prompt", { ...good, prompt: "" }, "The prompt must be nonempty."],
    ["an empty list in the prompt", { ...good, prompt: [[]] }, "The prompt must be nonempty."],
    [
        "a mixed prompt",
        { ...good, prompt: ["a", 1] },
        "The prompt must be either a string, a list of strings, a list of integers, or a list of integer lists.",
    ],
    [
        "token ids that are floats",
        '{"model":"default","prompt":[1.0]}',
        "The prompt must be either a string, a list of strings, a list of integers, or a list of integer lists.",
    ],
    [
        "half a pair behind a line break",
        '{"model":"default","prompt":"a\\r\\nb\\ud800"}',
        "'utf-8' codec can't encode character '\\ud800' in position 3: surrogates not allowed",
    ],
    [
        "halves of pairs in a row",
        '{"model":"default","prompt":"é😀\\ude00\\ud83d"}',
        "'utf-8' codec can't encode characters in position 2-3: surrogates not allowed",
    ],
    ["max_tokens in words", { ...good, max_tokens: "ten" }, "invalid literal for int() with base 10: 'ten'"],
    [
        "max_tokens in many words, of which 200 characters are quoted",
        { ...good, max_tokens: "ten ".repeat(60) },
        `invalid literal for int() with base 10: '${"ten ".repeat(50).slice(0, 199)}`,
    ],
    [
        "max_tokens behind a byte order mark",
        { ...good, max_tokens: "\ufeff3" },
        "invalid literal for int() with base 10: '\\ufeff3'",
    ],
    [
        "max_tokens as a list",
        { ...good, max_tokens: [] },
        "int() argument must be a string, a bytes-like object or a number, not 'list'",
    ],
    ["max_tokens NaN", '{"model":"default","prompt":"a","max_tokens":NaN}', "cannot convert float NaN to integer"],
    ["temperature in words", { ...good, temperature: "it's" }, 'could not convert string to float: "it\'s"'],
    [
        "temperature null",
        { ...good, temperature: null },
        "float() argument must be a string or a number, not 'NoneType'",
    ],
    ["top_p that rounds to 1.1", { ...good, top_p: 1.06 }, ""],
    ["stop null", { ...good, stop: null }, "The stop argument is not implemented"],
];

const accepted: [why: string, body: unknown, texts: string[]][] = [
    ["true as a token id", { ...good, prompt: [true] }, [" one two"]],
    ["max_tokens 3.9", { ...good, max_tokens: 3.9 }, [" on"]],
    ["max_tokens with blanks", { ...good, max_tokens: " 3 " }, [" on"]],
    [
        "max_tokens in digits of another script",
        { ...good, max_tokens: "\u3000\u0663", temperature: "\uff10.5" },
        [" on"],
    ],
    ["top_p that rounds to 1.0", { ...good, top_p: 1.04 }, [" one two"]],
    ["temperature that rounds to zero", { ...good, temperature: -0.04 }, [" one two"]],
    ["infinite temperature", '{"model":"default","prompt":"a","max_tokens":3,"temperature":Infinity}', [" on"]],
    [
        "a byte order mark",
        Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(good))]),
        [" one two"],
    ],
    ["UTF-16", Buffer.from(JSON.stringify(good), "utf16le"), [" one two"]],
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
        it(`rejects ${why} with 400 and Python's message`, () =>
            withAlpa({}, async ({ port }) => {
                const { status, json } = await ask(port, { body });
                assert.deepEqual([status, json.type, json.message], [400, "error", message]);
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

    for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        it(`generates for HTTP method ${method} too`, () =>
            withAlpa({}, async ({ port }) => assert.equal((await ask(port, { method, body: good })).status, 200)));
    }

    it("reflects the Origin header when the request has a cookie", () =>
        withAlpa({}, async ({ port }) => {
            const { headers } = await ask(port, {
                headers: { Origin: "https://a.example", Cookie: "x=1" },
                body: good,
            });
            assert.equal(headers["access-control-allow-origin"], "https://a.example");
            assert.equal(headers.vary, "Origin");
            assert.equal(headers["access-control-allow-credentials"], undefined);
        }));

    it("rejects a preflight for a method that CORS does not name", () =>
        withAlpa({}, async ({ port }) => {
            const headers = { Origin: "https://a.example", "Access-Control-Request-Method": "TRACE" };
            const { status, text } = await ask(port, { method: "OPTIONS", headers });
            assert.deepEqual([status, text], [400, "Disallowed CORS method"]);
        }));

    const INVALID =
        /^HTTP\/1\.1 400 Bad Request\r\n(?![^]*(chunked|content-length))[^]*\r\n\r\nInvalid HTTP request received\.$/i;
    const raw: [what: string, request: string, answer: RegExp][] = [
        [
            "HTTP/1.0 without chunks, and closes",
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            /^HTTP\/1\.1 400 Bad Request\r\n(?!.*(chunked|keep-alive))[^]*\r\n\r\n\{"type": "error"[^]*\}$/i,
        ],
        ["a request that is not HTTP with a line of text, without a length", "nonsense\r\n\r\n", INVALID],
        ["a request without a Host header in the same way", "GET / HTTP/1.1\r\n\r\n", INVALID],
        [
            "two Host headers in the same way",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: close\r\n\r\n",
            INVALID,
        ],
        [
            "an unknown Expect header as if it were absent",
            "GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nConnection: close\r\n\r\n",
            /^HTTP\/1\.1 400 Bad Request\r\n[^]*"type": "error"/,
        ],
    ];
    for (const [what, request, answer] of raw)
        it(`answers ${what}`, () =>
            withAlpa({}, async ({ port }) => {
                const socket = net.connect(port, "127.0.0.1", () => socket.write(request));
                let text = "";
                for await (const chunk of socket) text += String(chunk);
                assert.match(text, answer);
            }));

    it("names the missing model until a model is registered", () =>
        withAlpa({ mode: "no-model" }, async ({ port }) => {
            assert.equal((await ask(port, { body: good })).json.message, "Model 'default' is not registered.");
        }));

    it("requires a key in strict mode, and accepts any recaptcha text", () =>
        withAlpa({ mode: "keys-strict" }, async ({ port }) => {
            const status = async (more: object) => (await ask(port, { body: { ...good, ...more } })).status;
            assert.equal(await status({}), 400);
            assert.equal(await status({ api_key: "key-a" }), 200);
            assert.equal(await status({ "g-recaptcha-response": "" }), 400);
            assert.equal(await status({ "g-recaptcha-response": "x" }), 200);
            assert.equal(await status({ "g-recaptcha-response": null }), 200);
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

    const groups: [who: string, more: object, texts: string[]][] = [
        ["a key", { api_key: "key-a" }, [" on", " on", " on", " on", " on", " on"]],
        ["an answer to recaptcha", { "g-recaptcha-response": "x" }, [" on", " on", " on", " on", " on", " on"]],
        ["nothing", {}, [" on", " on", " on", " on", "ab on", "ab on"]],
    ];
    for (const [who, more, texts] of groups)
        it(`serves requests with ${who} ${who === "nothing" ? "in turn" : "before requests without a key"}`, async () => {
            const send = (fields: object) => (alpa: { port: number }) =>
                ask(alpa.port, { body: { ...good, max_tokens: 3, prompt: "ab", ...fields } });
            // Only the last request sets echo. If it is also the last request in its batch, Alpa echoes every prompt.
            const sends = [...Array<object>(5).fill({}), { ...more, echo: true }].map(send);
            const answers = await inOneBatch({ mode: "keys" }, sends);
            assert.deepEqual(
                answers.map(({ json }) => json.choices[0].text),
                texts,
            );
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

    it("keeps separate caches for a cache_id as an int and as its text", () =>
        withAlpa({}, async ({ port }) => {
            const id = "1".repeat(32);
            const step = async (prompt: number[], cache_id: string) => {
                const body = `{"model":"default","top_k":1,"prompt":${JSON.stringify(prompt)},"cache_id":${cache_id}}`;
                return (await ask(port, { path: "/logprobs", body })).json;
            };
            assert.equal((await step([5], id)).cache_id, id);
            assert.equal((await step([9, 9, 9], `"${id}"`)).cache_id, id, "a cache of its own");
            assert.equal((await step([5, 6], id)).cache_id, id);
            assert.match((await step([5], id)).message, /^Request does not extend/);
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

    for (const cache_id of [
        "{urn:uuid:00000000-0000-4000-8000-000000000000}",
        `0x${"A".repeat(30)}`,
        ` +${"a_".repeat(14)}aa`,
    ])
        it(`accepts every form of cache_id that uuid.UUID accepts: ${cache_id}`, () =>
            withAlpa({}, async ({ port }) => {
                const body = { model: "default", prompt: "a", top_k: 1, cache_id };
                assert.equal((await ask(port, { path: "/logprobs", body })).json.cache_id, cache_id);
            }));

    it("rejects logprobs of prompts of different length", () =>
        withAlpa({}, async ({ port }) => {
            const { json } = await ask(port, { path: "/logprobs", body: { model: "default", prompt: ["a", "bc"] } });
            assert.match(json.message, /^All prompts must be the same length/);
        }));

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

    it("logs keys and the first forwarded address in plain text, as the real Alpa does", async () => {
        const lines: string[] = [];
        await withAlpa({ mode: "keys", log: (line) => lines.push(line) }, ({ port }) =>
            ask(port, { headers: { "X-Forwarded-For": "1.2.3.4:80, 5.6.7.8" }, body: { ...good, api_key: "key-a" } }),
        );
        assert.match(lines.join("\n"), /api_key: key-a, ip: 1\.2\.3\.4,/);
    });
});
