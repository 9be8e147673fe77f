// Proves that the real SDK of OpenAI (npm `openai`) works with the emulated vLLM: answers, streams, and its own error classes.
import { strict as assert } from "node:assert";
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from "openai";
import { startOpenAiServer, type OpenAiServer, type Served } from "../../openai/server";

const MODEL = "Qwen/Qwen3-32B";
const ASK = { model: MODEL, messages: [{ role: "user" as const, content: "Count to ten" }], max_tokens: 3 };

describe("the SDK of OpenAI at the emulated vLLM", () => {
    let server: OpenAiServer;
    let client: OpenAI;
    const served: Served[] = [];
    const sdk = (apiKey: string) =>
        new OpenAI({ apiKey, baseURL: `http://127.0.0.1:${server.port}/v1`, maxRetries: 0 });
    before(async () => {
        const onRequest = (one: Served) => void served.push(one);
        server = await startOpenAiServer({ port: 0, models: [MODEL, "lora"], apiKey: "sk-server", onRequest });
        client = sdk("sk-server");
    });
    after(() => server.close());

    it("gets a chat, a completion, embeddings and the models", async () => {
        const chat = await client.chat.completions.create(ASK);
        assert.equal(chat.choices[0].message.content, "one two three");
        assert.deepEqual([chat.choices[0].finish_reason, chat.usage?.completion_tokens], ["length", 3]);
        const text = await client.completions.create({ model: MODEL, prompt: "Count", max_tokens: 2 });
        assert.equal(text.choices[0].text, "one two");
        const { data } = await client.embeddings.create({ model: MODEL, input: ["a b", "c"] });
        assert.deepEqual(
            data.map(({ embedding }) => embedding[0]),
            [2, 1],
        );
        const models = await client.models.list();
        assert.deepEqual(
            models.data.map(({ id }) => id),
            [MODEL, "lora"],
        );
    });

    it("gets a stream with usage at its end", async () => {
        const stream_options = { include_usage: true };
        const stream = await client.chat.completions.create({ ...ASK, stream: true, stream_options });
        let text = "";
        let tokens: number | undefined;
        for await (const { choices, usage } of stream) {
            text += choices[0]?.delta.content ?? "";
            tokens = usage?.completion_tokens ?? tokens;
        }
        assert.deepEqual([text, tokens], ["one two three", 3]);
    });

    it("ends the work at the server when it aborts a stream", async () => {
        const endless = { ignore_eos: true };
        const stream = await client.chat.completions.create({ ...ASK, max_tokens: 30_000, ...endless, stream: true });
        stream.controller.abort();
        const last = served.at(-1)!;
        assert.equal(await last.over, "left");
        assert.ok(last.generated < 30_000);
    });

    it("raises its own errors for a wrong key, a wrong model and a wrong field", async () => {
        await assert.rejects(sdk("wrong").chat.completions.create(ASK), AuthenticationError);
        await assert.rejects(client.chat.completions.create({ ...ASK, model: "other" }), NotFoundError);
        await assert.rejects(client.chat.completions.create({ ...ASK, max_tokens: 0 }), BadRequestError);
    });
});
