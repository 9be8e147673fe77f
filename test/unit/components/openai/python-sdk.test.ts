// Proves that the Python SDK of OpenAI (PyPI `openai`) works at the gateway: answers, a stream, and its own error classes. The
// npm SDK proves the limits (gateway.test.ts).
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pythonTools, type PythonTools } from "../../client/python-tools";
import { keyOf, MODEL, OTHER_MODEL, startOpenAiGateway } from "./kit";

const SCRIPT = `
from openai import AuthenticationError, BadRequestError, OpenAI, PermissionDeniedError

client = OpenAI(max_retries=0)
ask = {"model": "${MODEL}", "messages": [{"role": "user", "content": "Count"}], "max_tokens": 3}
print(client.chat.completions.create(**ask).choices[0].message.content)
stream = client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True})
chunks = list(stream)
print([c.choices[0].delta.content for c in chunks if c.choices], chunks[-1].usage.completion_tokens)
print(client.completions.create(model="${MODEL}", prompt="Count", max_tokens=2).choices[0].text)
print([m.id for m in client.models.list()])
print([d.embedding[0] for d in client.embeddings.create(model="${MODEL}", input=["a b", "c"]).data])

def error(**change):
    try:
        (OpenAI(api_key=change.pop("api_key", None), max_retries=0)).chat.completions.create(**{**ask, **change})
    except (AuthenticationError, BadRequestError, PermissionDeniedError) as error:
        print(type(error).__name__)

error(api_key="wrong")
error(model="other")
error(max_tokens=17)
`;

describe("the Python SDK at the gateway", () => {
    let tools: PythonTools;
    before(async function () {
        tools = await pythonTools();
    });

    it("gets answers, streams and embeddings, and raises its own errors", async () => {
        const gateway = await startOpenAiGateway({ team: { limits: { maxTokens: 16 } } });
        try {
            const env = { ...process.env, OPENAI_BASE_URL: gateway.url, OPENAI_API_KEY: keyOf("team") };
            const { stdout } = await promisify(execFile)(tools.python, ["-c", SCRIPT], { env });
            assert.deepEqual(stdout.trim().split("\n"), [
                "one two three",
                "['', 'one', ' two', ' three'] 3",
                "one two",
                `['${MODEL}', '${OTHER_MODEL}']`,
                "[2.0, 1.0]",
                ...["AuthenticationError", "PermissionDeniedError", "BadRequestError"],
            ]);
            for (const { headers } of gateway.served)
                assert.ok(!headers.join(" ").includes(keyOf("team")), "the server does not get the caller's key");
        } finally {
            await gateway.close();
        }
    });
});
