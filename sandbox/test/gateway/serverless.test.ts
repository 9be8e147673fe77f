/**
 * Proves that Lua functions in configurations run like on APISIX's LuaJIT, or are rejected with an error that names what is not
 * supported. The messages for functions with syntax errors are those of APISIX's own tests.
 */
import assert from "node:assert/strict";
import { Kit, header } from "./kit";

/** A function of the product's routes. */
const TIDY = `return function()
    if ngx.status < 400 then
        ngx.header["WWW-Authenticate"] = nil
    elseif ngx.status == 429 then
        local seconds = tonumber(ngx.header["X-RateLimit-Reset"])
        ngx.header["Retry-After"] = seconds and math.max(1, math.ceil(seconds)) or 1
    end
end`;

type Plugins = Record<string, unknown>;

describe("gateway serverless functions", () => {
    let kit: Kit;
    beforeEach(async () => {
        kit = await Kit.start();
    });
    afterEach(() => kit.stop());

    const pre = (phase: string, ...functions: string[]) => ({ "serverless-pre-function": { phase, functions } });
    const post = (...functions: string[]) => ({
        "serverless-post-function": { phase: "header_filter", functions },
    });
    const write = (plugins: Plugins) =>
        kit.admin("PUT", "/routes/r", { uri: "/completions", plugins, upstream: kit.target });
    const answerOf = async (plugins: Plugins, headers: Record<string, string> = {}) => {
        const { status, body } = await write(plugins);
        assert.ok(status < 300, JSON.stringify(body));
        return kit.send("/completions", headers);
    };
    /** A plugin that answers as if a limit were exceeded. @param reset seconds until the end of the limit's window */
    const refused = (status: number, reset?: string) => ({
        "fault-injection": {
            abort: {
                http_status: status,
                body: "no",
                headers: { "X-Other": "o", ...(reset && { "X-RateLimit-Reset": reset }) },
            },
        },
    });

    it("remove WWW-Authenticate from an answer below 400, and nothing else", async () => {
        await kit.put("/consumers", { username: "jack" });
        const jwt = { "jwt-auth": { key: "app", secret: "s" } };
        await kit.put("/consumers/jack/credentials/c", { plugins: { "key-auth": { key: "good" } } });
        await kit.put("/consumers", { username: "jill", plugins: jwt });
        const auth = { "multi-auth": { auth_plugins: [{ "jwt-auth": {} }, { "key-auth": {} }] } };
        const plain = await answerOf(auth, { apikey: "good" });
        assert.equal(
            header(plain, "WWW-Authenticate"),
            'Bearer realm="jwt"',
            "the header of the first plugin, which failed",
        );
        const tidy = await answerOf({ ...auth, ...post(TIDY) }, { apikey: "good" });
        const rest = (answer: typeof plain) =>
            answer.headers.filter(([name]) => name !== "WWW-Authenticate" && name !== "Date");
        assert.deepEqual(
            tidy.headers.filter(([name]) => name !== "Date"),
            rest(plain),
        );
        assert.deepEqual([tidy.status, tidy.text], [200, plain.text]);
    });

    it("keep WWW-Authenticate in a 401", async () => {
        const answer = await answerOf({ "key-auth": {}, ...post(TIDY) });
        assert.deepEqual([answer.status, header(answer, "WWW-Authenticate")], [401, 'apikey realm="key"']);
        assert.equal(header(answer, "Retry-After"), undefined);
    });

    for (const [reset, expected] of [
        ["59.62", "60"],
        ["60", "60"],
        ["0.2", "1"],
        ["0", "1"],
        ["soon", "1"],
        [undefined, "1"],
    ] as const)
        it(`set Retry-After to ${expected} in a 429 with X-RateLimit-Reset ${reset ?? "missing"}`, async () => {
            const answer = await answerOf({ ...refused(429, reset), ...post(TIDY) });
            assert.deepEqual([answer.status, answer.text], [429, "no"]);
            assert.equal(header(answer, "Retry-After"), expected);
            assert.equal(header(answer, "X-RateLimit-Reset"), reset);
            assert.equal(header(answer, "X-Other"), "o");
        });

    it("set Retry-After only if limit-count has rejected the request", async () => {
        const limit = { "limit-count": { count: 1, time_window: 30, rejected_code: 429 } };
        const first = await answerOf({ ...limit, ...post(TIDY) });
        const second = await kit.send("/completions");
        assert.deepEqual([first.status, second.status], [200, 429]);
        assert.equal(header(first, "Retry-After"), undefined);
        const reset = Number(header(second, "X-RateLimit-Reset"));
        assert.equal(header(second, "Retry-After"), String(Math.ceil(reset)));
    });

    it("keep the body of an upstream's 429, and add Retry-After", async () => {
        const answer = await answerOf(post(TIDY), { "X-Debug-Status": "429" });
        assert.deepEqual([answer.status, header(answer, "Retry-After")], [429, "1"]);
    });

    const broken: [why: string, conf: Plugins, message: string][] = [
        [
            "a text that does not compile",
            { functions: ["a"] },
            `failed to loadstring: [string "a"]:1: '=' expected near '<eof>'`,
        ],
        [
            "a text that returns no function",
            { functions: ["local a = 123;"] },
            "only accept Lua function, the input code type is nil",
        ],
        ["a text that fails", { functions: ["error('no')"] }, `pcall error: [string "error('no')"]:1: no`],
        [
            "the second text",
            { functions: ["return function() end", "return 1"] },
            "only accept Lua function, the input code type is number",
        ],
        [
            "an unknown phase",
            { phase: "abc", functions: ["return 1"] },
            `property "phase" validation failed: matches none of the enum values`,
        ],
        [
            "no function",
            { functions: [] },
            `property "functions" validation failed: expect array to have at least 1 items`,
        ],
        ["no functions", {}, `property "functions" is required`],
    ];
    for (const plugin of ["serverless-pre-function", "serverless-post-function"])
        for (const [why, conf, message] of broken)
            it(`of ${plugin} are rejected when written, with ${why}`, async () => {
                const { status, body } = await write({ [plugin]: conf });
                const error_msg = `failed to check the configuration of plugin ${plugin} err: ${message}`;
                assert.deepEqual([status, body], [400, { error_msg }]);
            });

    const gaps: [text: string, name: string][] = [
        ["local x = require('apisix.core') return function() end", "require in Lua"],
        ["return ngx.status < 400 and function() end", "outside of the returned function"],
        ["return function() goto out end", "syntax that only LuaJIT has"],
        ["return function() return 503, '\\x41' end", "syntax that only LuaJIT has"],
    ];
    for (const [text, name] of gaps)
        it(`are rejected with 501 when written: ${text}`, async () => {
            const { status, body } = await write(post(text));
            assert.equal(status, 501);
            assert.ok(JSON.stringify(body).includes(name), JSON.stringify(body));
        });

    it("are rejected with 501 in the phases that are not emulated", async () => {
        for (const phase of ["body_filter", "log", "before_proxy"]) {
            const { status, body } = await write(pre(phase, "return function() end"));
            assert.equal(status, 501);
            assert.match(JSON.stringify(body), new RegExp(`serverless-pre-function in phase ${phase} `));
        }
    });

    const calls: [code: string, name: string][] = [
        ["ngx.say('x')", "ngx.say"],
        ["local h = ngx.req.get_headers(10)", "an argument of ngx.req.get_headers in Lua"],
        ["ngx.req.clear_header('Host')", 'ngx.req.set_header("Host") in phase access'],
        ["ngx.req.set_header('x', 'a\\nb')", 'control characters in the value of the request header "x"'],
        ["ngx.req.set_method(1)", "ngx.req.set_method"],
        ["local x = ngx.arg[1]", "ngx.arg in phase access"],
        ["ctx.var.uri = '/'", "setting ctx.var.uri in Lua"],
        ["ctx.consumer_name = 'x'", "setting ctx.consumer_name in Lua"],
        ["pcall(function() ngx.sleep(1) end)", "ngx.sleep"],
        ["local x = ngx.var.consumer_name", "ngx.var.consumer_name"],
        ["local x = ctx.route_id", "ctx.route_id in Lua"],
        ["count = 1", "setting the global count in Lua"],
        ["local t = os.time()", "os in Lua"],
        ["local t = ('x'):rep(2, ',')", "a further argument of string.rep in Lua"],
        ["ngx.header.server = 'x'", 'ngx.header["server"]'],
        ["ngx.header.x = 'a\\nb'", 'control characters in the value of ngx.header["x"]'],
        ["return 503, {message = 'x'}", "a table as the body"],
    ];
    for (const [code, name] of calls)
        it(`answer 501 with the name of a missing function: ${code}`, async () => {
            const answer = await answerOf(pre("access", `return function(conf, ctx) ${code} end`));
            assert.equal(answer.status, 501);
            assert.ok((JSON.parse(answer.text) as { error_msg: string }).error_msg.includes(`: ${name}`), answer.text);
            assert.equal(kit.upstream.seen.length, 0);
        });

    it("answer 501 from header_filter too, instead of the upstream's answer", async () => {
        const answer = await answerOf(post("return function() ngx.log(ngx.ERR, 'x') end"));
        assert.equal(answer.status, 501);
        assert.match(answer.text, /unsupported by the sandbox: ngx\.(log|ERR) /);
        assert.equal(header(answer, "Access-Control-Allow-Origin"), undefined);
    });

    it("answer nginx's 500 where they fail, and log the cause", async () => {
        const answer = await answerOf(pre("rewrite", "return function() local x = nil; return x.y end"));
        assert.equal(answer.status, 500);
        assert.match(answer.text, /<title>500 Internal Server Error/);
        assert.ok(kit.logged.some((line) => line.includes("attempt to index local 'x' (a nil value)")));
    });

    it("are values without fields", async () => {
        const answer = await answerOf(pre("access", "return function() local f = function() end return f.code end"));
        assert.equal(answer.status, 500);
        assert.ok(kit.logged.some((line) => line.includes("attempt to index local 'f' (a function value)")));
    });

    it("end the connection without an answer where they fail in header_filter, and run again on the next request", async () => {
        await write(post("return function() error('no') end"));
        await assert.rejects(kit.send("/completions"));
        assert.equal((await answerOf(post(TIDY))).status, 200);
    });

    it("run in their order, and the first answer ends the request", async () => {
        const set = (value: string) =>
            `return function() ngx.header.x_seen = (ngx.header["X-Seen"] or "") .. "${value}" end`;
        const stop = `return function(conf) return conf.status, "<" .. tostring(60 * 2.0) .. ">" end`;
        const plugin = { phase: "access", status: 418, functions: [set("a"), set("ä"), stop, set("c")] };
        const answer = await answerOf({ "serverless-pre-function": plugin });
        assert.deepEqual([answer.status, answer.text], [418, "<120>"]);
        assert.equal(Buffer.from(header(answer, "x-seen") ?? "", "latin1").toString(), "aä");
        assert.equal(kit.upstream.seen.length, 0);
    });

    it("run before the other plugins of their phase (serverless-pre-function), or after these (serverless-post-function)", async () => {
        const mark = (word: string) =>
            `return function() ngx.header["X-Order"] = (ngx.header["X-Order"] or "") .. "${word} " end`;
        const answer = await answerOf({
            ...pre("header_filter", mark("pre")),
            ...post(mark("post")),
            "response-rewrite": { headers: { set: { "X-Order": "${sent_http_x_order}rewrite " } } },
        });
        assert.equal(header(answer, "X-Order")?.trim(), "pre rewrite post");
    });

    it("run after authentication in phase access, and before authentication in phase rewrite", async () => {
        const stop = "return function() return 503 end";
        const statuses = [];
        for (const phase of ["rewrite", "access"])
            statuses.push((await answerOf({ "key-auth": {}, ...pre(phase, stop) })).status);
        assert.deepEqual(statuses, [503, 401]);
    });

    it("get the first 100 headers of a request, and whether the request has more", async () => {
        const code = `return function()
            local headers, cut = ngx.req.get_headers()
            local count = 0
            for name, value in pairs(headers) do count = count + (type(value) == "table" and #value or 1) end
            return 418, count .. tostring(cut) .. headers["X-H1"] .. headers.x_h2
        end`;
        const many = (count: number) =>
            Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-H${i}`, `${i}`]));
        // Six more headers make up the limit of 100: Host, Connection, Content-Length, and three that APISIX adds.
        assert.equal((await answerOf(pre("rewrite", code), many(94))).text, "100nil12");
        assert.equal((await answerOf(pre("rewrite", code), many(95))).text, "100truncated12");
    });

    it("remove a header from a request", async () => {
        await answerOf(pre("rewrite", "return function() ngx.req.clear_header('a_b') end"), { A_B: "1", "A-B": "2" });
        const { headers } = kit.upstream.seen[0];
        assert.deepEqual([headers.a_b, headers["a-b"]], [undefined, "2"]);
    });

    it("set and remove credentials, which authentication sees at once, and the upstream never", async () => {
        await kit.put("/consumers", { username: "jack" });
        await kit.put("/consumers/jack/credentials/c", { plugins: { "key-auth": { key: "good" } } });
        const code = `return function()
            ngx.req.set_header("apikey", (ngx.req.get_headers().authorization:gsub("Bearer ", "")))
            ngx.req.clear_header("Authorization")
        end`;
        const plugins = { "key-auth": { hide_credentials: true }, ...pre("rewrite", code) };
        assert.equal((await answerOf(plugins, { Authorization: "Bearer good" })).status, 200);
        assert.equal((await answerOf(plugins, { Authorization: "Bearer bad" })).status, 401);
        const [{ headers }, ...others] = kit.upstream.seen;
        assert.deepEqual([headers.authorization, headers.apikey, others.length], [undefined, undefined, 0]);
    });

    it("of _meta.pre_function run before each phase of the plugin, and can replace pieces of an answer", async () => {
        const pre_function = `return function(_, ctx)
            ctx.alpa_auth_phases = (ctx.alpa_auth_phases or "") .. ngx.get_phase() .. " "
            if ngx.get_phase() == "body_filter" then ngx.arg[1] = ctx.alpa_auth_phases end
        end`;
        const answer = await answerOf({
            ...refused(418),
            "serverless-post-function": {
                phase: "header_filter",
                functions: ["return function() end"],
                _meta: { pre_function },
            },
        });
        assert.equal(answer.text, "header_filter body_filter ");
        assert.equal((await kit.send("/completions")).text, answer.text, "each request has fields of its own");
    });

    it("of _meta.pre_function that fail are only logged", async () => {
        const functions = ["return function() end"];
        const _meta = { pre_function: "return function() error('no') end" };
        const answer = await answerOf({ "serverless-post-function": { functions, _meta } });
        assert.equal(answer.status, 200);
        await new Promise((resolve) => setImmediate(resolve));
        assert.ok(kit.logged.filter((line) => line.includes("pre_function execution")).length >= 4);
    });

    it("read variables and several values of one header, and can set several", async () => {
        const code = `return function(conf, ctx)
            ngx.header.x_var = ctx.var.arg_q .. ngx.var.request_method
            ngx.header["Set-Cookie"] = {"a=1", "b=2"}
            ngx.header.x_cookies = #ngx.header.set_cookie
            ngx.header["X-Gone"] = "x"
            ngx.header["x-gone"] = {}
        end`;
        await write(post(code));
        const answer = await kit.send("/completions?q=5");
        assert.equal(header(answer, "X-Var"), "5POST");
        assert.deepEqual(
            answer.headers.filter(([name]) => name === "Set-Cookie").map(([, value]) => value),
            ["a=1", "b=2"],
        );
        assert.equal(header(answer, "X-Cookies"), "2");
        assert.equal(header(answer, "X-Gone"), undefined);
    });

    it("end the request with ngx.exit, even inside pcall", async () => {
        const answer = await answerOf(pre("access", "return function() pcall(ngx.exit, 403) end"));
        assert.deepEqual([answer.status, kit.upstream.seen.length], [403, 0]);
        assert.match(answer.text, /<title>403 Forbidden/);
    });

    it("of one gateway are unaffected when another gateway ends, however often", async () => {
        const [first, second] = [await Kit.start(), await Kit.start()];
        await first.stop();
        const third = await Kit.start();
        await first.gateway.close();
        const fourth = await Kit.start();
        try {
            for (const one of [second, third, fourth]) {
                await one.put("/routes/r", { uri: "/completions", plugins: post(TIDY), upstream: one.target });
                assert.equal((await one.send("/completions", { "X-Debug-Status": "429" })).status, 429);
            }
        } finally {
            await Promise.all([second, third, fourth].map((one) => one.stop()));
        }
    });

    it("keep their state until the route is written again, separately in each gateway", async () => {
        const counter = "local count = 0; return function() count = count + 1; ngx.header.x_count = count end";
        const other = await Kit.start();
        try {
            const count = async (of: Kit) => header(await of.send("/completions"), "X-Count");
            for (const of of [kit, other])
                await of.put("/routes/r", { uri: "/completions", plugins: post(counter), upstream: kit.target });
            assert.deepEqual([await count(kit), await count(kit), await count(other)], ["1", "2", "1"]);
            await write(post(counter));
            assert.deepEqual([await count(kit), await count(other)], ["1", "2"]);
        } finally {
            await other.stop();
        }
    });
});
