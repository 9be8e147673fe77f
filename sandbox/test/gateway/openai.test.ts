/**
 * Proves that the emulator of APISIX decides as the real one does in front of an OpenAI-compatible server (measured with
 * 3.18.0): conditions on the body, streams, disconnects, tokens in metrics and log, and budgets of tokens.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { startOpenAiServer, type OpenAiServer, type Served } from "../../openai/server";
import { Kit } from "./kit";

const PATH = "/v1/chat/completions";
const ASK = { model: "m1", messages: [{ role: "user", content: "Hi" }] };

/** As `_meta.pre_function`: reads the tokens of an answer, and names the counter of ai-rate-limiting. */
const COUNT = `return function(_, ctx)
    if ngx.get_phase() == "access" then ctx.picked_ai_instance_name = "llm" end
    if ngx.get_phase() ~= "body_filter" or ngx.status ~= 200 then return end
    ctx.alpa_auth_text = (ctx.alpa_auth_text or "") .. ngx.arg[1]
    local tokens = ctx.alpa_auth_text:match('"total_tokens":(%d+)')
    ctx.var.request_type = tokens and "ai_chat" or "ai_uncounted"
    if not tokens then return end
    ctx.var.llm_model = "m1"
    ctx.var.llm_prompt_tokens = 2
    ctx.var.llm_completion_tokens = tokens - 2
    ctx.ai_token_usage = { total_tokens = tonumber(tokens) }
end`;

describe("the gateway in front of an OpenAI-compatible server", () => {
    let kit: Kit;
    let server: OpenAiServer;
    const served: Served[] = [];
    const lines: string[] = [];
    /** Lets the model generate the next token. */
    let release: (() => void) | undefined;
    /** Whether each token waits for `release`. */
    let held: boolean;

    before(async () => {
        server = await startOpenAiServer({
            port: 0,
            models: ["m1", "m2"],
            onRequest: (one) => void served.push(one),
            beforeToken: () => (held ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve()),
        });
    });
    after(() => server.close());
    beforeEach(async () => {
        held = false;
        release = undefined;
        served.length = lines.length = 0;
        const format = '{"type":"$request_type","model":"$llm_model","tokens":"$llm_completion_tokens"}';
        const accessLog = { format, escape: "json", httpSnippet: "", serverSnippet: "" };
        kit = await Kit.start({
            accessLog: { ...accessLog, write: (line) => lines.push(line) },
            metrics: { port: 0, refreshSeconds: 0 },
        });
        await kit.put("/consumers", { username: "ns_a" });
        await kit.put("/consumers/ns_a/credentials/k", { plugins: { "key-auth": { key: "key-a" } } });
    });
    afterEach(() => kit.stop());

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
    const eventually = async (what: string, done: () => boolean) => {
        for (let i = 0; !done(); i++) {
            assert.ok(i < 1000, what);
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
    };
    /** Lets the model generate one more token, once it waits for this. */
    const next = async () => {
        await eventually("the model waits", () => release !== undefined);
        const go = release!;
        release = undefined;
        go();
    };
    /** Opens a request whose answer is read piece by piece. */
    const open = async (body: object) => {
        const headers = { apikey: "key-a", "Content-Type": "application/json" };
        const options = {
            port: kit.gateway.port,
            host: "127.0.0.1",
            method: "POST",
            path: PATH,
            headers,
            agent: false,
        };
        const asked = request(options);
        asked.on("error", () => undefined);
        asked.end(JSON.stringify(body));
        await eventually("the request reaches the server", () => served.length > 0);
        return { asked, answer: once(asked, "response").then(([answer]) => answer as IncomingMessage) };
    };

    describe("conditions on the body", () => {
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

    describe("streams", () => {
        const STREAM = { ...ASK, stream: true, max_tokens: 4 };
        const CHAIN = {
            "response-rewrite": { vars: [["status", ">=", 400]], headers: { set: { "X-Error": "1" } } },
            "serverless-post-function": {
                phase: "header_filter",
                functions: ["return function() end"],
                _meta: { pre_function: COUNT },
            },
        };

        it("reach the caller chunk by chunk: each before the next one is generated", async () => {
            await route(CHAIN);
            held = true;
            const { answer: begun } = await open(STREAM);
            let text = "";
            const ended = begun.then((one) => {
                assert.equal(one.headers["content-type"], "text/event-stream; charset=utf-8");
                one.on("data", (chunk: Buffer) => (text += chunk.toString()));
                return once(one, "end");
            });
            for (const word of ["one", "two", "three", "four"]) {
                assert.ok(!text.includes(word));
                await next();
                await eventually(`${word} arrives`, () => text.includes(word));
            }
            await ended;
            assert.ok(text.endsWith("data: [DONE]\n\n"));
        });

        it("stop when their caller disconnects: before and after the first byte, and then its slot is free", async () => {
            const limit = { conn: 1, burst: 0, default_conn_delay: 0.1, key: "consumer_name", rejected_code: 429 };
            await route({ ...CHAIN, "limit-conn": limit });
            for (const [stream, tokens] of [
                [true, 0],
                [true, 1],
                [false, 1],
            ] as const) {
                served.length = 0;
                held = true;
                const { asked, answer } = await open({ ...STREAM, stream });
                answer.catch(() => undefined);
                for (let i = 0; i < tokens; i++) await next();
                if (stream && tokens > 0) await answer;
                assert.equal((await send(ASK)).status, 429);
                asked.destroy();
                assert.equal(await served[0].over, "left");
                assert.equal(served[0].generated, tokens);
                held = false;
                let status = 0;
                for (let i = 0; i < 100 && status !== 200; i++) status = (await send(ASK)).status;
                assert.equal(status, 200);
            }
        });

        it("end completely when the gateway stops gracefully", async () => {
            await route(CHAIN);
            held = true;
            const { answer: begun } = await open(STREAM);
            const closed = kit.gateway.close(Infinity);
            held = false;
            await next();
            const answer = await begun;
            let text = "";
            answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
            await once(answer, "end");
            await closed;
            assert.ok(text.endsWith("data: [DONE]\n\n"), text);
        });
    });

    describe("tokens", () => {
        const counted = (budget?: object) => {
            const post = { phase: "header_filter", functions: ["return function() end"] };
            const consumer = { username: "ns_a", plugins: budget ? { "ai-rate-limiting": budget } : {} };
            return Promise.all([
                kit.put("/consumers", consumer),
                route({ prometheus: {}, "serverless-post-function": { ...post, _meta: { pre_function: COUNT } } }),
            ]);
        };
        const metric = async (name: string) => {
            const text = await (
                await fetch(`http://127.0.0.1:${kit.gateway.metricsPort}/apisix/prometheus/metrics`)
            ).text();
            return text.split("\n").filter((line) => line.startsWith(`apisix_${name}{`));
        };
        const logged = async () => {
            await eventually("the log line", () => lines.length > 0);
            return JSON.parse(lines.splice(0)[0]) as object;
        };

        it("are in the metrics and the log, of JSON and of streams", async () => {
            await counted();
            await send({ ...ASK, max_tokens: 3 });
            assert.deepEqual(await logged(), { type: "ai_chat", model: "m1", tokens: "3" });
            await send({ ...ASK, max_tokens: 4, stream: true, stream_options: { include_usage: true } });
            assert.deepEqual(await logged(), { type: "ai_chat", model: "m1", tokens: "4" });
            const labels =
                'route_id="r",service_id="",consumer="ns_a",node="127.0.0.1",request_type="ai_chat",request_llm_model="",llm_model="m1"';
            assert.deepEqual(await metric("llm_prompt_tokens"), [`apisix_llm_prompt_tokens{${labels}} 4`]);
            assert.deepEqual(await metric("llm_completion_tokens"), [`apisix_llm_completion_tokens{${labels}} 7`]);
        });

        it("of an answer without usage are uncounted, not zero", async () => {
            await counted();
            await send({ ...ASK, max_tokens: 3, stream: true });
            assert.deepEqual(await logged(), { type: "ai_uncounted", model: "", tokens: "0" });
            assert.deepEqual(await metric("llm_completion_tokens"), []);
        });

        it("end at the budget: the answer that exceeds it is complete, the next request is rejected", async () => {
            await counted({ limit: 10, time_window: 600, rejected_code: 429, rejected_msg: "no tokens left" });
            const all = [];
            for (let i = 0; i < 4; i++) {
                const { status, headers, text } = await send({ ...ASK, max_tokens: 3 });
                await logged(); // the tokens are subtracted in the same phase
                const ofBudget = headers.filter(([name]) => /^X-AI-RateLimit-(Limit|Remaining)-llm$/.test(name));
                all.push([status, ofBudget.map(([, value]) => Number(value)), status === 429 ? text : ""]);
            }
            assert.deepEqual(all, [
                [200, [10, 10], ""],
                [200, [10, 5], ""],
                [429, [10, 0], '{"error_msg":"no tokens left"}\n'],
                [429, [10, 0], '{"error_msg":"no tokens left"}\n'],
            ]);
        });

        it("that were not counted are free, and the gateway logs each of these answers", async () => {
            await counted({ limit: 10, time_window: 600, rejected_code: 429 });
            for (let i = 0; i < 3; i++) assert.equal((await send({ ...ASK, stream: true })).status, 200);
            await eventually("the log", () => kit.logged.filter((line) => line.includes("token usage")).length === 3);
        });

        it("do not matter on a route that names no counter", async () => {
            await kit.put("/consumers", {
                username: "ns_a",
                plugins: { "ai-rate-limiting": { limit: 1, time_window: 600 } },
            });
            await route({});
            for (let i = 0; i < 2; i++) assert.equal((await send(ASK)).status, 200);
        });
    });
});
