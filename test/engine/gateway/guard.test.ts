// Proves that the gateway rejects requests that are known to stop Alpa. Every other form of a request reaches Alpa with
// unchanged values. Gateway and Alpa are emulators.
import { strict as assert } from "node:assert";
import { takeAlpaRequests } from "../kit";
import { useCallers } from "../kit/callers";
import { rawRequest } from "../kit/raw-request";

const JSON_TYPE = { "Content-Type": "application/json" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const model = "default";
const UUID = "ce2a3ff2-0585-4932-bad9-7e06a2722234";
/** A text that is valid as a form and as JSON. As JSON it requests two answers (`"n":2`). */
const BOTH = '{"model":"default","prompt":"hi","n":2,"z":"&model=default&prompt=hi&"}';

type Row = [what: string, body: string | object, status: number, headers?: Record<string, string>, path?: string];
const rows: Row[] = [
    ["a text", { model, prompt: "Paris is", max_tokens: 4 }, 200],
    ["token ids", { model, prompt: [5, 6, 7], max_tokens: 4 }, 200],
    ["several texts", { model, prompt: ["a", "b"], max_tokens: 4 }, 200],
    [
        "the client library's request",
        { model, prompt: "a", min_tokens: 0, max_tokens: 4, temperature: 1.0, top_p: 1.0, echo: true, api_key: null },
        200,
    ],
    ["n of one", { model, prompt: "a", n: 1, max_tokens: 4 }, 200],
    ["a field Alpa ignores", { model, prompt: "a", stream: true, max_tokens: 4 }, 200],
    [
        "JSON with a charset",
        { model, prompt: "a", max_tokens: 4 },
        200,
        { "Content-Type": "application/json; charset=utf-8" },
    ],
    [
        "other spellings of the same values",
        ' {"prompt" :"caf\\u00e9 \\ud83d\\ude00 \\/ \\t", "model":"default","temperature":1.0, "top_p":9e-1,"max_tokens":4} ',
        200,
    ],
    [
        "a number with as many digits as the gateway forwards",
        { model, prompt: "a", max_tokens: 4, top_p: 0.12345678901234 },
        200,
    ],
    [
        "numbers as strings, and no model name",
        { prompt: "alpa is cool", max_tokens: "32", temperature: "0.4", top_p: "0.3" },
        200,
    ],
    ["a call for logprobs", { model, prompt: "a", top_k: 5 }, 200, JSON_TYPE, "/logprobs"],
    ["more prompts than Alpa's batch size", { model, prompt: ["a", "b", "c", "d", "e"] }, 400],
    ["two answers", { model, prompt: "a", n: 2 }, 400],
    ["two answers, hidden behind a first n", '{"model":"default","prompt":"a","n":1,"n":2}', 400],
    ["stop", { model, prompt: "a", stop: null }, 400],
    ["a token id of 2^31", { model, prompt: [2 ** 31] }, 400],
    ["min_tokens, which may not fit after another caller's prompt", { model, prompt: "a", min_tokens: 1 }, 400],
    ["more tokens than fit", { model, prompt: Array.from({ length: 1025 }, () => 1) }, 400],
    ["a negative max_tokens", { model, prompt: "a", max_tokens: -1 }, 400],
    ["a parameter for higher priority", { model, prompt: "a", "g-recaptcha-response": "x" }, 400],
    ["a key for Alpa", { model, prompt: "a", api_key: "k" }, 400],
    ["a parameter that replaces the prompt", { model, prompt: "a", input: [[1]] }, 400],
    ["a number as a string that is too large", { model, prompt: "a", max_tokens: "1025" }, 400],
    ["logprobs with a negative top_k", { model, prompt: "a", top_k: -1 }, 400, JSON_TYPE, "/logprobs"],
    ["logprobs with a made-up cache_id", { model, prompt: "a", cache_id: "x" }, 400, JSON_TYPE, "/logprobs"],
    ["logprobs of five prompts", { model, prompt: ["a", "b", "c", "d", "e"] }, 400, JSON_TYPE, "/logprobs"],
    ["a form that Alpa reads as JSON", BOTH, 400, FORM],
    ["the same form with an upper-case type", BOTH, 400, { "Content-Type": "APPLICATION/X-WWW-FORM-URLENCODED" }],
    ["valid JSON without its type", { model, prompt: "a" }, 400, {}],
    ["valid JSON as plain text", { model, prompt: "a" }, 400, { "Content-Type": "text/plain" }],
    ["a compressed body", { model, prompt: "a" }, 400, { ...JSON_TYPE, "Content-Encoding": "gzip" }],
    ["no JSON", "model=default", 400],
    ["a list", "[]", 400],
    ["nothing", "", 400],
    ["a body over the size limit", { model, prompt: "a", filler: "x".repeat(70_000) }, 413],
    ["another spelling of the path", { model, prompt: "a" }, 404, JSON_TYPE, "/completions/"],
    ["an unknown cache_id, which Alpa accepts", { model, prompt: "a", cache_id: UUID }, 200, JSON_TYPE, "/logprobs"],
];

describe("the guard", () => {
    const callers = useCallers();
    let key: string;
    before(() => void (key = callers().credentials["alice/k1"]));

    for (const [what, body, status, headers, path] of rows)
        it(`${status === 200 ? "forwards" : `rejects with ${status}:`} ${what}`, async () => {
            takeAlpaRequests();
            const text = typeof body === "string" ? body : JSON.stringify(body);
            const answer = await ask(text, headers ?? JSON_TYPE, path, key);
            assert.equal(answer.status, status, answer.body);
            const seen = takeAlpaRequests();
            assert.equal(seen.length, status === 200 ? 1 : 0);
            if (status === 200)
                return assert.deepEqual(JSON.parse(seen[0].body.toString()), { model, ...JSON.parse(text) });
            assert.equal(answer.type, "application/json");
            const { type, message, stacktrace } = JSON.parse(answer.body);
            assert.deepEqual([type, stacktrace], ["error", ""]);
            assert.notEqual(message, "");
        });

    it("tells an unauthenticated client nothing about the accepted bodies", async () => {
        const answer = await ask('{"n":2}', JSON_TYPE, "/completions", "not-a-key");
        assert.equal(answer.status, 401);
    });

    it("leaves Alpa working: it answers the next request", async () => {
        const answer = await ask(
            JSON.stringify({ model, prompt: "Paris is", max_tokens: 4 }),
            JSON_TYPE,
            "/completions",
            key,
        );
        assert.equal(answer.status, 200);
    });

    const ask = (sent: string, headers: Record<string, string>, path = "/completions", apikey: string) =>
        rawRequest(callers().stack.nodePort, `/alpa${path}`, { headers: { apikey, ...headers }, sent });
});
