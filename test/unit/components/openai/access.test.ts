// Proves at the emulated gateway who reaches an OpenAI-compatible server: with which credentials, on which paths, for which
// models; and that the server never gets a caller's credential. The callers use OpenAI's SDK, or raw requests.
import { strict as assert } from "node:assert";
import OpenAI, { AuthenticationError, NotFoundError, PermissionDeniedError } from "openai";
import { rawRequest, type RawAnswer } from "../../../../sandbox/test/gateway/raw-client";
import { keyOf, MODEL, OTHER_MODEL, SERVER_KEY, startOpenAiGateway } from "./kit";

const ASK = { model: MODEL, messages: [{ role: "user" as const, content: "Count" }], max_tokens: 3 };
const BEARER = { Authorization: `Bearer ${keyOf("all")}` };

describe("access to an OpenAI-compatible server", () => {
    let gateway: Awaited<ReturnType<typeof startOpenAiGateway>>;
    before(async () => {
        gateway = await startOpenAiGateway({ all: {}, one: { models: [OTHER_MODEL] } });
    });
    after(() => gateway.close());
    beforeEach(() => void gateway.served.splice(0));

    const sdk = (apiKey: string) => new OpenAI({ apiKey, baseURL: gateway.url, maxRetries: 0 });
    const raw = (
        headers: Record<string, string>,
        { method = "POST", path = "/v1/chat/completions", body = JSON.stringify(ASK), type = "application/json" } = {},
    ): Promise<RawAnswer> => {
        const bytes = method === "GET" ? undefined : Buffer.from(body);
        const own = { Host: "api.example.org", Connection: "close", "Content-Type": type, ...headers };
        const length = bytes ? { "Content-Length": String(bytes.length) } : {};
        return rawRequest(gateway.port, { method, path, headers: Object.entries({ ...own, ...length }), body: bytes });
    };
    /** Checks an error of the gateway: its form, and that the request did not reach the server. */
    const refused = (answer: RawAnswer, status: number) => {
        assert.equal(answer.status, status, answer.body.toString());
        const { error } = JSON.parse(answer.body.toString()) as { error: object };
        assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
        assert.deepEqual(gateway.served, []);
    };

    for (const [what, headers] of [
        ["a key as Bearer", BEARER],
        ["a key in another spelling", { authorization: `bEARER   ${keyOf("all")}` }],
        ["a key in apikey", { apikey: keyOf("all") }],
    ] as [string, Record<string, string>][])
        it(`have callers with ${what}, and the server gets its own key only`, async () => {
            assert.equal((await raw({ ...headers, Cookie: keyOf("all") })).status, 200);
            const [{ headers: got }] = gateway.served;
            assert.ok(!got.join(" ").includes(keyOf("all")));
            assert.equal(
                got[got.findIndex((name) => name.toLowerCase() === "authorization") + 1],
                `Bearer ${SERVER_KEY}`,
            );
        });

    for (const [what, headers] of [
        ["no credential", {}],
        ["an unknown key", { Authorization: "Bearer other" }],
        ["the server's key", { Authorization: `Bearer ${SERVER_KEY}` }],
        ["a key without Bearer", { Authorization: keyOf("all") }],
        ["a key as Basic", { Authorization: `Basic ${keyOf("all")}` }],
        ["two keys that are equal", { ...BEARER, apikey: keyOf("all") }],
        ["a key and a JWT", { apikey: keyOf("all"), Authorization: "Bearer eyJh.eyJr.c2ln" }],
        ["a Bearer value that is neither key nor JWT", { Authorization: "Bearer a.b" }],
        ["no value", { Authorization: "Bearer" }],
    ] as [string, Record<string, string>][])
        it(`have no callers with ${what}`, async () => refused(await raw(headers), 401));

    for (const [method, path] of [
        ["GET", "/metrics"],
        ["GET", "/health"],
        ["POST", "/tokenize"],
        ["POST", "/invocations"],
        ["POST", "/v1/responses"],
        ["GET", "/v1/files"],
        ["GET", "/v1/chat/completions"],
        ["POST", "/v1/models"],
        ["POST", "/v1/chat/completions/"],
        ["POST", "/v1/chat%2Fcompletions"],
        ["POST", "/v1//chat/completions"],
        ["POST", "/v1/x/../chat/completions"],
        ["POST", "/v1/chat/completions/batch"],
        ["POST", "//metrics"],
        ["POST", "/v1/../metrics"],
        ["GET", "/v1/models/../../metrics"],
    ])
        it(`has no path ${method} ${path}, with and without a key`, async () => {
            refused(await raw({}, { method, path }), 404);
            refused(await raw(BEARER, { method, path }), 404);
        });

    describe("of a caller with some of the models", () => {
        const mine = { Authorization: `Bearer ${keyOf("one")}` };

        it("is for these only", async () => {
            const client = sdk(keyOf("one"));
            const { choices } = await client.chat.completions.create({ ...ASK, model: OTHER_MODEL });
            assert.ok(choices[0].message.content);
            await assert.rejects(client.chat.completions.create(ASK), PermissionDeniedError);
            await assert.rejects(client.embeddings.create({ model: MODEL, input: "x" }), PermissionDeniedError);
            assert.equal(gateway.served.length, 1);
        });

        it("shows these only", async () => {
            for (const [name, models] of [
                ["all", [MODEL, OTHER_MODEL]],
                ["one", [OTHER_MODEL]],
            ] as const) {
                const client = sdk(keyOf(name));
                const list = await client.models.list();
                assert.deepEqual(
                    list.data.map(({ id }) => id),
                    models,
                );
                assert.equal((await client.models.retrieve(OTHER_MODEL)).id, OTHER_MODEL);
            }
            await assert.rejects(sdk(keyOf("one")).models.retrieve("Qwen"), NotFoundError);
            await assert.rejects(sdk("wrong").models.list(), AuthenticationError);
            assert.deepEqual(gateway.served, [], "the gateway answers itself");
        });

        const text = (model: string) => `{"messages":[{"role":"user","content":"x"}],${model}}`;
        for (const [what, body, type] of [
            ["no model", text('"n":1'), undefined],
            ["the model twice", text(`"model":"${OTHER_MODEL}","model":"${MODEL}"`), undefined],
            ["an escaped name", text(`"model":"${OTHER_MODEL}","\\u006dodel":"${MODEL}"`), undefined],
            ["a list", text(`"model":["${OTHER_MODEL}"]`), undefined],
            ["a nested model", text(`"x":{"model":"${OTHER_MODEL}"}`), undefined],
            ["a byte order mark", `\ufeff${text(`"model":"${OTHER_MODEL}"`)}`, undefined],
            ["broken JSON", `${text(`"model":"${OTHER_MODEL}"`)}}`, undefined],
        ] as const)
            it(`is for no request with ${what}`, async () => refused(await raw(mine, { body, type }), 403));

        for (const [what, type, headers] of [
            ["a form", "application/x-www-form-urlencoded", {}],
            ["another type", "text/plain", {}],
            ["compression", "application/json", { "Content-Encoding": "gzip" }],
        ] as [string, string, Record<string, string>][])
            it(`is for no request with ${what}`, async () => {
                const body = text(`"a":"&model=${OTHER_MODEL}&","model":"${MODEL}"`);
                refused(await raw({ ...mine, ...headers }, { body, type }), 400);
            });

        it("is for no body that is too large", async () => {
            const body = text(`"x":"${"x".repeat(20_000)}","model":"${OTHER_MODEL}"`);
            refused(await raw(mine, { body }), 413);
        });
    });
});
