// Proves with OpenAI's SDK that limits in tokens hold at the gateway: the rules and the function of this project in the emulated
// APISIX, in front of the emulated vLLM.
import { strict as assert } from "node:assert";
import OpenAI, { BadRequestError, RateLimitError } from "openai";
import { keyOf, MODEL, startOpenAiGateway } from "./kit";

const LIMITS = { maxTokens: 16, concurrent: 4, tokens: 10, perTokenSeconds: 3600 };
const ASK = { model: MODEL, messages: [{ role: "user" as const, content: "Count" }], max_tokens: 16 };
/** Limits of each caller. Each test has its own caller, because a budget is used up by one answer. */
const CALLERS = {
    chat: { limits: LIMITS },
    stream: { limits: LIMITS },
    text: { limits: LIMITS },
};

describe("limits in tokens at the gateway", () => {
    let gateway: Awaited<ReturnType<typeof startOpenAiGateway>>;
    before(async () => {
        gateway = await startOpenAiGateway(CALLERS);
    });
    after(() => gateway.close());
    beforeEach(() => (gateway.served.splice(0), gateway.statuses.splice(0)));

    const sdk = (caller: keyof typeof CALLERS) =>
        new OpenAI({ apiKey: keyOf(caller), baseURL: gateway.url, maxRetries: 0 });

    /** Waits until the gateway has subtracted the tokens of an answer, which it does after the answer. */
    const counted = async () => {
        while (!gateway.statuses.includes(200)) await new Promise((resolve) => setImmediate(resolve));
    };

    it("reject a request without a maximum, or with a larger one, with an error that says the maximum", async () => {
        for (const max_tokens of [undefined, 17])
            await assert.rejects(sdk("chat").chat.completions.create({ ...ASK, max_tokens }), (error: Error) => {
                assert.ok(error instanceof BadRequestError);
                assert.deepEqual([error.param, error.code], ["max_tokens", "max_tokens_limit"]);
                assert.match(error.message, /from 1 to 16/);
                return true;
            });
        assert.deepEqual(gateway.served, []);
    });

    it("reject a request over the budget, and say when the budget returns", async () => {
        const { usage } = await sdk("chat").chat.completions.create(ASK);
        assert.ok(usage!.total_tokens > LIMITS.tokens);
        await counted();
        await assert.rejects(sdk("chat").chat.completions.create(ASK), (error: Error) => {
            assert.ok(error instanceof RateLimitError);
            assert.ok(Number(error.headers.get("retry-after")) > 1);
            return true;
        });
        assert.equal(gateway.served.length, 1);
    });

    it("reject a stream without usage, and count one with usage", async () => {
        const stream = { ...ASK, stream: true } as const;
        await assert.rejects(sdk("stream").chat.completions.create(stream), BadRequestError);
        const stream_options = { include_usage: true };
        for await (const _ of await sdk("stream").chat.completions.create({ ...stream, stream_options }));
        await counted();
        await assert.rejects(sdk("stream").chat.completions.create(ASK), RateLimitError);
    });

    it("hold for completions too", async () => {
        const ask = (prompt: string | string[]) =>
            sdk("text").completions.create({ model: MODEL, prompt, max_tokens: 9 });
        await assert.rejects(ask(["a", "b"]), BadRequestError);
        assert.equal((await ask("a")).usage?.completion_tokens, 9);
        await counted();
        await assert.rejects(ask("a"), RateLimitError);
    });
});
