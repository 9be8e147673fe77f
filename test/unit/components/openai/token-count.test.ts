// Proves what the Lua function of the route counts in an answer, however the answer is cut into pieces. Lua 5.1 runs it with a
// small substitute for OpenResty. Engine tests prove the metrics and budgets that a gateway makes of it.
import type { OpenaiPath } from "../../../../components/openai/paths";
import { strict as assert } from "node:assert";
import { Lua } from "wasmoon-lua5.1";
import { COUNT_TOKENS, rejection, RETRY_WHEN_TOKENS_RETURN } from "../../../../components/openai/token-count";

const quoted = (text: string) =>
    `"${Array.from(Buffer.from(text), (byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`;
/** A value as Lua source. */
const table = (value: unknown): string => {
    if (typeof value !== "object" || value === null) return typeof value === "string" ? quoted(value) : String(value);
    return `{${Object.entries(value)
        .map(([name, one]) => `[${quoted(name)}]=${table(one)}`)
        .join(",")}}`;
};

interface Answer {
    status?: number;
    headers?: Record<string, string>;
    path?: OpenaiPath;
}

describe("COUNT_TOKENS", () => {
    let lua: Lua;
    before(async () => (lua = await Lua.create()));

    /** Runs the function for each phase and piece. @returns what it has set, and what the caller gets */
    function run(
        pieces: string[],
        { status = 200, headers = { "Content-Type": "application/json" }, path }: Answer = {},
    ) {
        const limits = { lab: { maxTokens: 64 }, "lab-2": { maxTokens: 7 } };
        const settings = table(rejection(path ?? "chat/completions", "ns", limits));
        const output = lua.doStringSync(`
            local phase, sent = "access", {}
            ngx = { status = ${status}, header = ${table(headers)}, arg = {}, get_phase = function() return phase end }
            local ctx = { var = {}, consumer_name = "ns_lab-2" }
            local function step(name, piece)
                phase, ngx.arg[1] = name, piece
                assert(loadstring(${quoted(COUNT_TOKENS)}))()(${settings}, ctx)
                sent[#sent + 1] = name == "body_filter" and ngx.arg[1] or nil
            end
            step("access") -- nginx's phase in which APISIX runs its phases rewrite and access
            step("header_filter")
            for _, piece in ipairs({ ${pieces.map(quoted).join(",")} }) do step("body_filter", piece) end
            step("body_filter", "")
            step("log")
            local v = ctx.var
            return table.concat({ tostring(v.request_type), tostring(v.llm_model), tostring(v.llm_prompt_tokens),
                tostring(v.llm_completion_tokens), tostring(ctx.ai_token_usage and ctx.ai_token_usage.total_tokens),
                tostring(ctx.picked_ai_instance_name), tostring(#(ctx.alpa_auth_answer or { kept = "" }).kept) }, " ")
                .. "\\n" .. table.concat(sent)
        `) as string;
        const [first, ...sent] = output.split("\n");
        const words = first.split(" ");
        return {
            counted: words.slice(0, 5).join(" "),
            instance: words[5],
            kept: Number(words[6]),
            sent: sent.join("\n"),
        };
    }
    const counted = (text: string, answer?: Answer) => run([text], answer).counted;
    const stream = { headers: { "Content-Type": "text/event-stream; charset=utf-8" } };

    const USAGE =
        '"usage": {"prompt_tokens": 9, "total_tokens": 21, "completion_tokens":12, "prompt_tokens_details": {"cached_tokens": 4}}';
    const said = (content: string, usage = USAGE) =>
        `{"id":"chatcmpl-1","model":"team-lora","choices":[{"message":{"content":${JSON.stringify(content)}}}],${usage}}`;
    const UNCOUNTED = "ai_uncounted nil nil nil nil";

    const cases: [what: string, counted: string, text: string, answer?: Answer][] = [
        ["a JSON answer", "ai_chat team-lora 9 12 21", said("hello")],
        ["a null before it", "ai_chat team-lora 9 12 21", said("hello", `"usage":null,${USAGE}`)],
        [
            "an answer without tokens of its own",
            "ai_chat e5 7 0 7",
            '{"model":"e5","data":[],"usage":{"prompt_tokens":7,"total_tokens":7}}',
        ],
        [
            "generated text with the same characters",
            "ai_chat team-lora 9 12 21",
            said('"usage":{"prompt_tokens":1,"completion_tokens":1} "model":"x"'),
        ],
        [
            "the last one of a stream",
            "ai_stream team-lora 9 12 21",
            `data: {"model":"team-lora","usage":{"prompt_tokens":9,"completion_tokens":1}}\n\ndata: {"choices":[],${USAGE}}\n\ndata: [DONE]\n\n`,
            stream,
        ],
        [
            "a stream that was left",
            "ai_stream m 9 3 12",
            'data: {"model":"m","usage":{"prompt_tokens":9,"completion_tokens":3}}\n\n',
            stream,
        ],
    ];
    for (const [what, expected, text, answer] of cases)
        it(`counts ${what}`, () => assert.equal(counted(text, answer), expected));

    const uncounted: [what: string, text: string, answer?: Answer][] = [
        ["an answer without usage", said("hello", '"usage":null')],
        ["usage only in generated text", said(USAGE, '"x":1')],
        ["a usage that has no end", `{"model":"m","usage":{"prompt_tokens":9,${" ".repeat(5000)}`],
        ["a stream without usage", 'data: {"model":"m","usage":null}\n\ndata: [DONE]\n\n', stream],
        [
            "a compressed answer",
            said("hello"),
            { headers: { "Content-Type": "application/json", "Content-Encoding": "gzip" } },
        ],
        ["another Content-Type", said("hello"), { headers: { "Content-Type": "text/plain" } }],
        ["an answer without Content-Type", said("hello"), { headers: {} }],
    ];
    for (const [what, text, answer] of uncounted)
        it(`says that it could not count ${what}`, () => assert.equal(counted(text, answer), UNCOUNTED));

    it("counts no error", () => assert.equal(counted(said("hello"), { status: 400 }), "nil nil nil nil nil"));

    for (const size of [1, 2, 3, 7, 50, 300])
        it(`counts an answer in pieces of ${size} bytes, which reach the caller unchanged`, () => {
            const text = said("hello ".repeat(40)).replace('"usage": {', '"usage" \n : {');
            const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g"))!;
            const { counted: found, sent } = run(pieces);
            assert.deepEqual([found, sent], ["ai_chat team-lora 9 12 21", text]);
        });

    it("keeps at most 4 KiB of an answer", () => {
        const pieces = ['{"usage":{', ...Array<string>(40).fill(`"a":"${"x".repeat(500)}",`)];
        assert(run(pieces).kept <= 4096);
        assert(run(Array<string>(40).fill("x".repeat(1000))).kept <= 256);
    });

    it("lets the budgets count requests on this route", () => assert.equal(run(["{}"]).instance, "llm"));

    describe("of a request that the rules reject", () => {
        const rejected = (path?: OpenaiPath, text = '{"error_msg":"rejected by workflow"}\n') =>
            run([text], { status: 400, path }).sent;

        for (const path of ["chat/completions", "completions"] as const)
            it(`names the caller's own maximum: ${path}`, () => {
                const { error } = JSON.parse(rejected(path)) as { error: Record<string, string> };
                assert.match(
                    error.message,
                    /^max_tokens .*must be set, from 1 to 7, and n|^max_tokens must be set, from 1 to 7, n/,
                );
                assert.deepEqual([error.type, error.param], ["invalid_request_error", "max_tokens"]);
            });

        it("leaves other errors as they are", () => {
            const text = '{"error":{"message":"not valid"}}';
            assert.equal(rejected(undefined, text), text);
            assert.match(rejected("embeddings"), /rejected by workflow/);
        });
    });

    describe("Retry-After", () => {
        const retryAfter = (status: number, headers: Record<string, string>) =>
            lua.doStringSync(`
                ngx = { status = ${status}, header = ${table({ "Retry-After": "1", ...headers })} }
                loadstring(${quoted(RETRY_WHEN_TOKENS_RETURN)})()()
                return tostring(ngx.header["Retry-After"])
            `) as string;
        const budget = (remaining: string, reset: string) => ({
            "X-AI-RateLimit-Remaining-llm": remaining,
            "X-AI-RateLimit-Reset-llm": reset,
        });
        const rows: [what: string, expected: string, status: number, headers: Record<string, string>][] = [
            ["is the time until the budget is full again", "60", 429, budget("0", "59.62")],
            ["is never zero", "1", 429, budget("0", "0.004")],
            ["does not name the budget when another limit rejects", "1", 429, budget("5", "59.62")],
            ["is left to others without a budget", "1", 429, {}],
            ["is not set for answers", "1", 200, budget("0", "59.62")],
        ];
        for (const [what, expected, status, headers] of rows)
            it(what, () => assert.equal(retryAfter(status, headers), expected));
    });
});
