/** Proves what the limits in tokens do at a gateway, with the rules and the function of the program. */
import assert from "node:assert/strict";
import { accessLogSettings } from "../../../components/apisix/access-log";
import { metricsMetadata } from "../../../components/apisix/observability";
import { limitPlugins } from "../../../components/consumers/limits";
import { maxTokensRules, type TokenLimits } from "../../../components/openai/max-tokens";
import { COUNT_TOKENS, rejection, RETRY_WHEN_TOKENS_RETURN } from "../../../components/openai/token-count";
import { startOpenAiServer, type OpenAiServer, type Served } from "../../openai/server";
import { Kit } from "./kit";

const PATH = "chat/completions";
const ASK = { model: "m1", messages: [{ role: "user", content: "Hi" }] };
/** Each answer has 2 tokens of its prompt, and those that it generates. */
const BUDGET = { tokens: 10, perTokenSeconds: 600, concurrent: 2, maxTokens: 4 };
const CALLERS: TokenLimits = { a: BUDGET, b: { maxTokens: 8 } };

describe("limits in tokens", () => {
    let kit: Kit;
    let server: OpenAiServer;
    const served: Served[] = [];
    const lines: string[] = [];

    before(async () => {
        server = await startOpenAiServer({ port: 0, models: ["m1", "m2"], onRequest: (one) => void served.push(one) });
    });
    after(() => server.close());
    beforeEach(async () => {
        served.length = lines.length = 0;
        const {
            http,
            http_configuration_snippet: httpSnippet,
            http_server_configuration_snippet: serverSnippet,
        } = accessLogSettings({ tokens: true });
        kit = await Kit.start({
            accessLog: {
                format: http.access_log_format,
                httpSnippet,
                serverSnippet,
                write: (line) => lines.push(line),
            },
            metrics: { port: 0, refreshSeconds: 0 },
        });
        await kit.put("/plugin_metadata/prometheus", metricsMetadata({ tokens: true }).prometheus);
        for (const [name, limits] of Object.entries(CALLERS)) {
            const plugins = Object.fromEntries(limitPlugins(limits, "ns").map((one) => [one.name, one.config]));
            await kit.put("/consumers", { username: `ns_${name}`, plugins });
            await kit.put(`/consumers/ns_${name}/credentials/k`, { plugins: { "key-auth": { key: `key-${name}` } } });
        }
        await kit.put("/routes/r", {
            uri: `/v1/${PATH}`,
            plugins: {
                "key-auth": {},
                prometheus: {},
                workflow: { rules: maxTokensRules(PATH, "ns", CALLERS) },
                "serverless-post-function": {
                    phase: "header_filter",
                    functions: [RETRY_WHEN_TOKENS_RETURN],
                    ...rejection(PATH, "ns", CALLERS),
                    _meta: { pre_function: COUNT_TOKENS },
                },
            },
            upstream: { ...kit.target, nodes: { [`127.0.0.1:${server.port}`]: 1 } },
        });
    });
    afterEach(() => kit.stop());

    /** Sends a request, and waits for its line in the log, which is written when its tokens are counted. */
    async function send(caller: string, body: object) {
        const headers = { apikey: `key-${caller}`, "Content-Type": "application/json" };
        const answer = await kit.send(`/v1/${PATH}`, headers, { body: JSON.stringify({ ...ASK, ...body }) });
        for (let i = 0; lines.length === 0; i++) {
            assert.ok(i < 1000, "no line in the log");
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
        return { ...answer, logged: JSON.parse(lines.splice(0)[0]) as Record<string, unknown> };
    }

    it("overshoot by at most the answers of the requests that may be open", async () => {
        const headers = { apikey: "key-a", "Content-Type": "application/json" };
        const body = JSON.stringify({ ...ASK, max_tokens: 4 });
        for (let round = 0; round < 5; round++)
            await Promise.all(Array.from({ length: 6 }, () => kit.send(`/v1/${PATH}`, headers, { body })));
        const generated = served.reduce((sum, one) => sum + one.generated, 0);
        assert(
            served.length > 1 && generated <= BUDGET.tokens + BUDGET.concurrent * BUDGET.maxTokens,
            `${generated} tokens`,
        );
        assert(lines.some((line) => line.includes('"reason":"too-many-tokens"')));
        assert.equal((await send("a", { max_tokens: 1 })).status, 429);
    });

    const metrics = async () =>
        (await fetch(`http://127.0.0.1:${kit.gateway.metricsPort}/apisix/prometheus/metrics`)).text();

    it("count streams, and log an answer without usage as uncounted", async () => {
        const figures = ({ logged }: Awaited<ReturnType<typeof send>>) =>
            ["model", "prompt_tokens", "completion_tokens", "tokens"].map((name) => logged[name]);
        const usage = { stream: true, stream_options: { include_usage: true } };
        assert.deepEqual(figures(await send("a", { max_tokens: 4, ...usage })), ["m1", 2, 4, "counted"]);
        assert.deepEqual(figures(await send("b", { max_tokens: 4, stream: true })), ["", null, null, "uncounted"]);
        assert.equal((await send("a", { max_tokens: 4, stream: true })).status, 400);
        const counted = [...(await metrics()).matchAll(/^apisix_llm_(\w+)_tokens\{.*consumer="(\w+)".*\} (\d+)$/gm)];
        assert.deepEqual(
            counted.map(([, kind, caller, tokens]) => [kind, caller, Number(tokens)]),
            [
                ["prompt", "ns_a", 2],
                ["completion", "ns_a", 4],
            ],
        );
    });
});
