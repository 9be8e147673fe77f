// Proves that the emulator hangs, blocks and dies as Alpa does. The tests of the request guard rely on it.

import assert from "node:assert/strict";

import type { Seen } from "../../alpa/server";
import { ask, good, withAlpa, type Ask } from "./kit";

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
