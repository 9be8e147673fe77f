// Proves with a whole stack what changes mean for callers of an OpenAI-compatible server: a revocation does not cut a stream that
// runs, and a new key of the server replaces the old one. Unit tests prove the rest.
import { strict as assert } from "node:assert";
import OpenAI, { AuthenticationError } from "openai";
import { startOpenAiServer, type OpenAiServer, type Served } from "../../../sandbox/openai/server";
import { eventually, succeeded, TestStack, useWorld } from "../kit";

const MODEL = "Qwen/Qwen3-32B";
const ASK = { model: MODEL, messages: [{ role: "user" as const, content: "Count" }], max_tokens: 4 };

describe("a stack with an OpenAI-compatible server", () => {
    useWorld();
    let server: OpenAiServer;
    let stack: TestStack;
    const served: Served[] = [];
    /** Lets the model generate the last tokens of the open stream. */
    let release = () => {};

    before(async () => {
        server = await startOpenAiServer({
            port: 0,
            models: [MODEL],
            // A preflight check lists the models.
            onRequest: (one) => void (one.method === "POST" && served.push(one)),
            // Streams stop after their first token until `release`.
            beforeToken: ({ body, generated }) =>
                body.includes('"stream":true') && generated === 1
                    ? new Promise<void>((resolve) => (release = resolve))
                    : Promise.resolve(),
        });
        stack = await TestStack.create("openai", settings("k1"));
        await stack.configureSecret("openai.serverKey", "sk-first");
        succeeded(await stack.up());
    });
    after(async () => {
        await stack?.destroy();
        await server?.close();
    });

    const settings = (...ids: string[]) => ({
        alpa: undefined,
        openai: { endpoints: [`127.0.0.1:${server.port}`], models: [MODEL] },
        consumers: [{ name: "team", credentials: ids.map((id) => ({ id, method: "key" })) }],
    });
    const client = async (id: string) => {
        const { url, credentials } = await stack.outputs();
        assert.match(url, /\/v1$/);
        return new OpenAI({ apiKey: credentials[`team/${id}`], baseURL: url, maxRetries: 0 });
    };
    const serverKeys = () =>
        served.splice(0).map(({ headers }) => headers[headers.findIndex((name) => /^authorization$/i.test(name)) + 1]);
    /** Runs `change` while a stream is open. @returns the text of the whole stream */
    const duringStream = async (from: OpenAI, change: () => Promise<void>) => {
        const chunks = await from.chat.completions.create({ ...ASK, stream: true });
        let text = "";
        const ended = (async () => {
            for await (const { choices } of chunks) text += choices[0].delta.content ?? "";
        })();
        await eventually("the first token", async () => text === "one" || undefined);
        await change();
        release();
        await ended;
        return text;
    };

    it("answers a key of the stack, with the server's own key", async () => {
        const { choices } = await (await client("k1")).chat.completions.create(ASK);
        assert.equal(choices[0].message.content, "one two three four");
        assert.deepEqual(serverKeys(), ["Bearer sk-first"]);
    });

    it("does not cut a stream when the key with which it began is revoked", async () => {
        const revoked = await client("k1");
        const text = await duringStream(revoked, async () => {
            stack.configure(settings("k2"));
            await stack.configureSecret("openai.serverKey", "sk-first");
            succeeded(await stack.up());
            await assert.rejects(revoked.chat.completions.create(ASK), AuthenticationError);
        });
        assert.equal(text, "one two three four");
        served.splice(0);
    });

    it("gives new gateway pods the new key of the server", async () => {
        await stack.configureSecret("openai.serverKey", "sk-second");
        succeeded(await stack.up());
        await (await client("k2")).chat.completions.create(ASK);
        assert.deepEqual(serverKeys(), ["Bearer sk-second"]);
    });
});
