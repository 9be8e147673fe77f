// Proves that the SDKs with which callers come work at the gateway with an address and a key: OpenAI's for JavaScript and
// Python, and that of the AI SDK. The same calls get the same answers, and errors are of the SDK's own classes.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import OpenAI from "openai";
import { pythonTools, type PythonTools } from "../../client/python-tools";
import { keyOf, MODEL, OTHER_MODEL, startOpenAiGateway } from "./kit";

type Gateway = Awaited<ReturnType<typeof startOpenAiGateway>>;

const CALLERS = {
    team: { limits: { maxTokens: 16 } },
    // One answer uses up the budget, which returns after a second.
    waiting: { limits: { maxTokens: 16, concurrent: 4, tokens: 2, perTokenSeconds: 1 } },
};
/** Most requests until one is sent again after a 429. A slow machine may send one only when the budget has returned. */
const TRIES = 20;

/** What each call gives. */
const BOTH = { chat: "one two three", stream: ["one two three", 3], embeddings: [2, 1] };
const OF_OPENAI = {
    ...BOTH,
    completion: "one two",
    models: [MODEL, OTHER_MODEL],
    errors: ["AuthenticationError 401", "PermissionDeniedError 403", "BadRequestError 400"],
    again: true,
};
const OF_AI_SDK = { ...BOTH, errors: ["APICallError 401", "APICallError 403", "APICallError 400"] };

/** Wrong calls: a key, a model, a number of tokens. */
const WRONG = [{ key: "wrong" }, { model: "other" }, { tokens: 17 }];
interface Wrong {
    key?: string;
    model?: string;
    tokens?: number;
}

async function errorsOf(send: (wrong: Wrong) => PromiseLike<unknown>, statusOf: string): Promise<string[]> {
    const names = [];
    for (const wrong of WRONG)
        names.push(
            await send(wrong).then(
                () => "no error",
                (error) => `${error.constructor.name} ${error[statusOf]}`,
            ),
        );
    return names;
}

async function inJavaScript({ url, statuses }: Gateway) {
    const sdk = (apiKey: string, maxRetries = 0) => new OpenAI({ apiKey, baseURL: url, maxRetries });
    const client = sdk(keyOf("team"));
    const ask = { model: MODEL, messages: [{ role: "user" as const, content: "Count" }], max_tokens: 3 };
    const said = (await client.chat.completions.create(ask)).choices[0].message.content;
    let text = "";
    let tokens;
    const stream = { stream: true, stream_options: { include_usage: true } } as const;
    for await (const { choices, usage } of await client.chat.completions.create({ ...ask, ...stream })) {
        text += choices[0]?.delta.content ?? "";
        tokens = usage?.completion_tokens;
    }
    for (let i = 0; i < TRIES && !statuses.includes(429); i++)
        await sdk(keyOf("waiting"), 2).chat.completions.create(ask);
    return {
        chat: said,
        stream: [text, tokens],
        completion: (await client.completions.create({ model: MODEL, prompt: "Count", max_tokens: 2 })).choices[0].text,
        models: (await client.models.list()).data.map(({ id }) => id),
        embeddings: (await client.embeddings.create({ model: MODEL, input: ["a b", "c"] })).data.map(
            ({ embedding }) => embedding[0],
        ),
        again: statuses.includes(429),
        errors: await errorsOf(
            ({ key = keyOf("team"), model = MODEL, tokens: max_tokens = 3 }) =>
                sdk(key).chat.completions.create({ ...ask, model, max_tokens }),
            "status",
        ),
    };
}

const SCRIPT = `
import json
from openai import APIStatusError, OpenAI

client = OpenAI(max_retries=0)
ask = {"model": "${MODEL}", "messages": [{"role": "user", "content": "Count"}], "max_tokens": 3}
chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
waiting = OpenAI(api_key="${keyOf("waiting")}").chat.completions.with_raw_response

def error(key=None, **change):
    try:
        OpenAI(api_key=key, max_retries=0).chat.completions.create(**{**ask, **change})
    except APIStatusError as error:
        return f"{type(error).__name__} {error.status_code}"

print(json.dumps({
    "chat": client.chat.completions.create(**ask).choices[0].message.content,
    "stream": ["".join(c.choices[0].delta.content for c in chunks if c.choices), chunks[-1].usage.completion_tokens],
    "completion": client.completions.create(model="${MODEL}", prompt="Count", max_tokens=2).choices[0].text,
    "models": [m.id for m in client.models.list()],
    "embeddings": [d.embedding[0] for d in client.embeddings.create(model="${MODEL}", input=["a b", "c"]).data],
    "again": any(waiting.create(**ask).retries_taken for _ in range(${TRIES})),
    "errors": [error(key="wrong"), error(model="other"), error(max_tokens=17)],
}))
`;

async function withAiSdk({ url }: Gateway) {
    const provider = (apiKey: string) =>
        createOpenAICompatible({ name: "gateway", baseURL: url, apiKey, includeUsage: true });
    const prompt = [{ role: "user" as const, content: [{ type: "text" as const, text: "Count" }] }];
    const ask = { prompt, maxOutputTokens: 3 };
    const model = provider(keyOf("team")).chatModel(MODEL);
    const { content } = await model.doGenerate(ask);
    let text = "";
    let tokens;
    for await (const part of (await model.doStream(ask)).stream) {
        if (part.type === "text-delta") text += part.delta;
        if (part.type === "finish") tokens = part.usage.outputTokens.total;
    }
    const { embeddings } = await provider(keyOf("team"))
        .embeddingModel(MODEL)
        .doEmbed({ values: ["a b", "c"] });
    return {
        chat: content.map((part) => (part.type === "text" ? part.text : part.type)).join(),
        stream: [text, tokens],
        embeddings: embeddings.map(([first]) => first),
        errors: await errorsOf(
            ({ key = keyOf("team"), model: name = MODEL, tokens: maxOutputTokens = 3 }) =>
                provider(key)
                    .chatModel(name)
                    .doGenerate({ ...ask, maxOutputTokens }),
            "statusCode",
        ),
    };
}

describe("SDKs at the gateway", () => {
    let gateway: Gateway;
    let tools: PythonTools;
    before(async () => {
        tools = await pythonTools();
    });
    beforeEach(async () => {
        gateway = await startOpenAiGateway(CALLERS);
    });
    afterEach(() => gateway.close());

    const inPython = async () => {
        const env = { ...process.env, OPENAI_BASE_URL: gateway.url, OPENAI_API_KEY: keyOf("team") };
        const { stdout } = await promisify(execFile)(tools.python, ["-c", SCRIPT], { env });
        return JSON.parse(stdout) as object;
    };
    for (const [name, calls, expected] of [
        ["npm openai", () => inJavaScript(gateway), OF_OPENAI],
        ["PyPI openai", inPython, OF_OPENAI],
        ["npm @ai-sdk/openai-compatible", () => withAiSdk(gateway), OF_AI_SDK],
    ] as const)
        it(`${name} gets answers, streams and its own errors, and the server gets no caller's key`, async () => {
            assert.deepEqual(await calls(), expected);
            for (const { headers } of gateway.served) assert.doesNotMatch(headers.join(" "), /key-of-/);
        });
});
