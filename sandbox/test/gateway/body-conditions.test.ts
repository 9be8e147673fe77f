/**
 * Proves that conditions on a request's body decide in the emulator of APISIX as in the real one (measured with 3.18.0), in
 * front of an OpenAI-compatible server.
 */
import assert from "node:assert/strict";
import { startOpenAiServer, type OpenAiServer, type Served } from "../../openai/server";
import { Kit } from "./kit";

const PATH = "/v1/chat/completions";
const ASK = { model: "m1", messages: [{ role: "user", content: "Hi" }] };

describe("conditions on the body", () => {
    let kit: Kit;
    let server: OpenAiServer;
    const served: Served[] = [];

    before(async () => {
        server = await startOpenAiServer({ port: 0, models: ["m1", "m2"], onRequest: (one) => void served.push(one) });
        kit = await Kit.start();
        await kit.put("/consumers", { username: "ns_a" });
        await kit.put("/consumers/ns_a/credentials/k", { plugins: { "key-auth": { key: "key-a" } } });
    });
    after(() => Promise.all([kit.stop(), server.close()]));
    beforeEach(() => void served.splice(0));

    const route = (plugins: object) =>
        kit.put("/routes/r", {
            uri: PATH,
            plugins: { "key-auth": {}, ...plugins },
            upstream: { ...kit.target, nodes: { [`127.0.0.1:${server.port}`]: 1 } },
        });
    const send = (body: string | object, type = "application/json") =>
        kit.send(
            PATH,
            { apikey: "key-a", "Content-Type": type },
            { body: typeof body === "string" ? body : JSON.stringify(body) },
        );
    const rule = (field: unknown[], code: number) => ({
        case: [["consumer_name", "in", ["ns_a"]], field],
        actions: [["return", { code }]],
    });
    const rejects = async (condition: unknown[], body: object | string, type?: string) => {
        const error = { error_response: { error: { code: "rejected" } } };
        await route({ workflow: { rules: [rule(condition, 403)], _meta: error } });
        const answer = await send(body, type);
        if (answer.status === 403) assert.equal(answer.text, '{"error":{"code":"rejected"}}\n');
        else assert.equal(served.at(-1)!.body.toString(), typeof body === "string" ? body : JSON.stringify(body));
        assert.equal(served.length === 0, answer.status === 403);
        return answer.status === 403;
    };
    const N = ["post_arg.max_tokens", "!", "<=", 10];
    const cases: [what: string, condition: unknown[], body: object | string, expected: boolean][] = [
        ["a number", N, { ...ASK, max_tokens: 10 }, false],
        ["a larger number", N, { ...ASK, max_tokens: 11 }, true],
        ["a number as a text", N, { ...ASK, max_tokens: "9" }, false],
        ["a text that only Python reads", N, { ...ASK, max_tokens: "1_0" }, true],
        ["true", N, { ...ASK, max_tokens: true }, true],
        ["null", N, { ...ASK, max_tokens: null }, true],
        ["a list", N, { ...ASK, max_tokens: [1] }, true],
        ["no field", N, ASK, true],
        ["the last of two fields", N, '{"max_tokens":1,"max_tokens":99,"messages":[]}', true],
        ["an escaped name", N, '{"max_\\u0074okens":99,"messages":[]}', true],
        ["no field, tested without a value", ["post_arg.n", "=="], ASK, true],
        ["null, tested without a value", ["post_arg.n", "=="], { ...ASK, n: null }, false],
        ["null, as present", ["post_arg.n", "~="], { ...ASK, n: null }, true],
        ["null in a list", ["post_arg.n", "in", [null]], { ...ASK, n: null }, true],
        ["no field in a list with null", ["post_arg.n", "in", [null]], ASK, false],
        ["a text in a list of numbers", ["post_arg.n", "!", "in", [1]], { ...ASK, n: "1" }, true],
        ["a fraction that is whole", ["post_arg.n", "!", "in", [1]], '{"messages":[],"n":1.0}', false],
        ["a nested field", ["post_arg.a.b", "!", "in", [true]], { ...ASK, a: { b: true } }, false],
        ["a nested field of a text", ["post_arg.a.b", "!", "in", [true]], { ...ASK, a: "b" }, true],
        ["a list", ["post_arg.prompt[*]", "~="], { ...ASK, prompt: [null] }, true],
        ["an empty list", ["post_arg.prompt[*]", "~="], { ...ASK, prompt: [] }, false],
        ["a text as a list", ["post_arg.prompt[*]", "~="], { ...ASK, prompt: "abc" }, false],
        ["one element", ["post_arg.prompt[1]", "~="], { ...ASK, prompt: ["a"] }, false],
        ["two elements", ["post_arg.prompt[1]", "~="], { ...ASK, prompt: ["a", "b"] }, true],
        ["AND in OR", ["OR", ["post_arg.x", "~="], ["AND", N, ["post_arg.n", "=="]]], ASK, true],
        ["no JSON", ["post_arg.model", "!", "in", ["m1"]], '{"model":"m1"', true],
        ["a list as the body", ["post_arg.model", "!", "in", ["m1"]], [], true],
    ];
    for (const [what, condition, body, expected] of cases)
        it(`${expected ? "match" : "do not match"} ${what}: ${JSON.stringify(condition)}`, async () => {
            assert.equal(await rejects(condition, body), expected);
        });

    it("read only bodies of type application/json, and refuse forms by name", async () => {
        assert.equal(await rejects(["post_arg.model", "=="], ASK, "text/plain"), true);
        assert.equal(await rejects(["post_arg.model", "=="], ASK, "APPLICATION/JSON"), true);
        const form = await send("a=&model=m1&", "application/x-www-form-urlencoded");
        assert.deepEqual([form.status, /post_arg\.model with Content-Type/.test(form.text)], [501, true]);
    });

    it("work in fault-injection behind authentication", async () => {
        const vars = [[["post_arg.model", "!", "in", ["m1"]]]];
        await route({ "fault-injection": { abort: { http_status: 403, vars }, _meta: { priority: 2395 } } });
        const statuses = [];
        for (const model of ["m1", "m2"]) statuses.push((await send({ ...ASK, model })).status);
        assert.deepEqual(statuses, [200, 403]);
    });
});
