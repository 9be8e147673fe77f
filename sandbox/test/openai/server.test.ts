// Proves that the emulated vLLM answers as vLLM does where callers, the gateway and its limits depend on it: who may call,
// and how many tokens are generated and reported.
import { strict as assert } from "node:assert";
import { startOpenAiServer, type OpenAiServer, type OpenAiServerOptions, type Served } from "../../openai/server";

const MODEL = "Qwen/Qwen3-32B";
const CHAT = { model: MODEL, messages: [{ role: "user", content: "Count to ten" }] };
const TEXT = { model: MODEL, prompt: "Count to ten" };

describe("the emulated vLLM", () => {
    let server: OpenAiServer | undefined;
    let seen: Served[];
    const start = async (options: Partial<OpenAiServerOptions> = {}) => {
        seen = [];
        const own = { port: 0, models: [MODEL, "lora"], onRequest: (served: Served) => void seen.push(served) };
        server = await startOpenAiServer({ ...own, ...options });
    };
    afterEach(async () => {
        await server?.close();
        server = undefined;
    });

    const ask = (path: string, body?: object | string, headers: object = {}) =>
        fetch(`http://127.0.0.1:${server!.port}${path}`, {
            method: body === undefined ? "GET" : "POST",
            headers: { "Content-Type": "application/json", ...headers },
            body: typeof body === "object" ? JSON.stringify(body) : body,
        });
    const json = async (path: string, body?: object | string) => {
        const answer = await ask(path, body);
        return { status: answer.status, body: (await answer.json()) as any };
    };
    /** The events of a stream, without `[DONE]`. */
    const events = async (path: string, body: object) => {
        const text = await (await ask(path, { ...body, stream: true })).text();
        const list = text.split("\n\n").filter((one) => one !== "");
        assert.equal(list.pop(), "data: [DONE]");
        return list.map((one) => JSON.parse(one.slice("data: ".length)) as any);
    };

    it("asks for its key on paths below /v1, and on no other path", async () => {
        await start({ apiKey: "sk-server" });
        const status = async (path: string, body?: object, key?: string) =>
            (await ask(path, body, key === undefined ? {} : { Authorization: key })).status;
        assert.equal(await status("/v1/chat/completions", CHAT), 401);
        assert.equal(await status("/v1/chat/completions", CHAT, "Bearer other"), 401);
        assert.equal(await status("/v1/chat/completions", CHAT, "Basic sk-server"), 401);
        assert.equal(await status("/v1/unknown", CHAT), 401);
        assert.equal(await status("/v1/chat/completions", CHAT, "bearer sk-server"), 200);
        for (const path of ["/health", "/ping", "/version", "/metrics"]) assert.equal(await status(path), 200, path);
        assert.equal(await status("/tokenize", TEXT), 200);
        assert.equal(await status("/invocations", CHAT), 200);
    });

    // Facts: the section on generated tokens of the reference page on OpenAI-compatible servers.
    const generated: [what: string, path: string, fields: object, tokens: number][] = [
        ["a chat without a maximum", "chat/completions", {}, 12],
        ["max_completion_tokens before max_tokens", "chat/completions", { max_tokens: 9, max_completion_tokens: 3 }, 3],
        ["max_completion_tokens null", "chat/completions", { max_tokens: 9, max_completion_tokens: null }, 9],
        ["a number as a text", "chat/completions", { max_tokens: "9" }, 9],
        ["a text with an underscore", "chat/completions", { max_tokens: "1_0" }, 10],
        ["true as a number", "chat/completions", { max_tokens: true }, 1],
        ["n answers", "chat/completions", { max_tokens: 5, n: 3 }, 15],
        ["no end of the text", "chat/completions", { max_tokens: 40, ignore_eos: true }, 40],
        ["min_tokens", "chat/completions", { max_tokens: 40, min_tokens: 20 }, 20],
        ["a completion without a maximum", "completions", { ignore_eos: true }, 16],
        ["a completion, which ignores max_completion_tokens", "completions", { max_completion_tokens: 3 }, 12],
        ["two prompts", "completions", { prompt: ["a", "b"], max_tokens: 5 }, 10],
        ["a prompt of token ids", "completions", { prompt: [1, 2, 3], max_tokens: 5 }, 5],
        ["two prompts of token ids", "completions", { prompt: [[1], [2, 3]], max_tokens: 5 }, 10],
    ];
    for (const [what, path, fields, tokens] of generated)
        it(`generates ${tokens} tokens for ${what}, and reports them in JSON and in a stream`, async () => {
            await start();
            const request = { ...(path === "completions" ? TEXT : CHAT), ...fields };
            const whole = await json(`/v1/${path}`, request);
            assert.equal(whole.status, 200, JSON.stringify(whole.body));
            const stream = await events(`/v1/${path}`, { ...request, stream_options: { include_usage: true } });
            assert.deepEqual(stream.at(-1).choices, []);
            for (const { usage } of [whole.body, stream.at(-1)])
                assert.deepEqual([usage.completion_tokens, usage.total_tokens], [tokens, tokens + usage.prompt_tokens]);
            assert.deepEqual(
                seen.map((one) => one.generated),
                [tokens, tokens],
            );
        });

    const rejected: [what: string, path: string, body: object | string, status: number][] = [
        ["no JSON", "/v1/chat/completions", "{", 400],
        ["a list", "/v1/chat/completions", [], 400],
        ["no messages", "/v1/chat/completions", { model: MODEL }, 400],
        ["no prompt", "/v1/completions", { model: MODEL }, 400],
        ["a maximum of 0", "/v1/completions", { ...TEXT, max_tokens: 0 }, 400],
        ["a fraction", "/v1/completions", { ...TEXT, max_tokens: 1.5 }, 400],
        ["stream_options without a stream", "/v1/completions", { ...TEXT, stream_options: {} }, 400],
        ["an unknown path", "/v1/unknown", {}, 404],
        ["a path that is not emulated", "/v1/responses", {}, 501],
        ["a wrong method", "/health", {}, 405],
    ];
    for (const [what, path, body, status] of rejected)
        it(`answers ${what} with ${status}, as an error of OpenAI's form`, async () => {
            await start();
            const answer = await json(path, body);
            assert.equal(answer.status, status);
            assert.deepEqual(Object.keys(answer.body.error), ["message", "type", "param", "code"]);
        });
});
