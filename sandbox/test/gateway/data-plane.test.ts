/** Proves who may pass the emulator, which requests the upstream gets, and when a change of a caller takes effect. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { Kit, header } from "./kit";

const SECRET = "0123456789abcdef0123456789abcdef";
const HEADER = '{"alg":"HS256"}';
const EXP = 4102444800;

function tokenOf(head: string, claims: string): string {
    const signed = [head, claims].map((text) => Buffer.from(text).toString("base64url")).join(".");
    return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

describe("gateway data plane", () => {
    let kit: Kit;
    beforeEach(async () => {
        kit = await Kit.start({
            resolve: (host) => {
                if (host === "no-pods.svc") throw new Error("connection refused");
                return host === "alpa.svc" ? kit.upstream.port : undefined;
            },
        });
        await kit.put("/consumers", { username: "llm_team" });
        const credentials = { a: { "key-auth": { key: "first-key" } }, b: { "key-auth": { key: "second-key" } } };
        for (const [id, plugins] of Object.entries(credentials))
            await kit.put(`/consumers/llm_team/credentials/${id}`, { plugins });
    });
    afterEach(() => kit.stop());

    const KEY = { "key-auth": { query: "", hide_credentials: true } };
    const open = (plugins: object = KEY, more: object = {}) =>
        kit.put("/routes/r1", { uri: "/completions", plugins, upstream: kit.target, ...more });
    const statusOf = async (headers: Record<string, string> = {}, path = "/completions") =>
        (await kit.send(path, headers)).status;

    it("rejects a request without a valid key, and forwards none of it", async () => {
        await open();
        const answer = await kit.send("/completions");
        assert.equal(answer.text, '{"message":"Missing API key in request"}\n');
        assert.equal(header(answer, "WWW-Authenticate"), 'apikey realm="key"');
        for (const apikey of ["", "FIRST-KEY", "first-key\t"]) assert.equal(await statusOf({ apikey }), 401, apikey);
        assert.equal(kit.upstream.seen.length, 0);
    });

    it("names the consumer to the upstream and hides the key, whatever headers the client sends", async () => {
        await open();
        const forged = { "X-Consumer-Username": "root", "X-Consumer-Custom-ID": "root", "X.Dot": "1", X_Under: "1" };
        assert.equal(await statusOf({ apikey: "first-key", ...forged }), 200);
        const [{ headers }] = kit.upstream.seen;
        const names = [
            "x-consumer-username",
            "x-credential-identifier",
            "x-consumer-custom-id",
            "apikey",
            "x.dot",
            "x_under",
        ];
        assert.deepEqual(
            names.map((name) => headers[name]),
            ["llm_team", "a", undefined, undefined, undefined, "1"],
        );
    });

    it("rejects a credential as soon as it or its consumer is deleted, and no other credential", async () => {
        await open();
        assert.equal((await kit.admin("DELETE", "/consumers/llm_team/credentials/a")).status, 200);
        assert.deepEqual(
            [await statusOf({ apikey: "first-key" }), await statusOf({ apikey: "second-key" })],
            [401, 200],
        );
        await kit.admin("DELETE", "/consumers/llm_team");
        await kit.put("/consumers", { username: "llm_team" });
        assert.equal(await statusOf({ apikey: "second-key" }), 401);
    });

    const tokens: [what: string, token: string, status: number][] = [
        ["a valid token", tokenOf(HEADER, `{"key":"t","exp":${EXP}}`), 200],
        ["a trailing dot", `${tokenOf(HEADER, `{"key":"t","exp":${EXP}}`)}.`, 200],
        ["a fourth part", `${tokenOf(HEADER, `{"key":"t","exp":${EXP}}`)}.x`, 401],
        ["a number that only lua-cjson reads", tokenOf(HEADER, `{"key":"t","exp":${EXP},"x":0x1}`), 200],
        ["an expired token", tokenOf(HEADER, '{"key":"t","exp":1000}'), 401],
        ["no exp", tokenOf(HEADER, '{"key":"t"}'), 401],
        ["exp as a text", tokenOf(HEADER, `{"key":"t","exp":"${EXP}"}`), 401],
        ["exp NaN", tokenOf(HEADER, '{"key":"t","exp":NaN}'), 401],
        ["alg none", tokenOf('{"alg":"none"}', `{"key":"t","exp":${EXP}}`), 401],
        ["another algorithm", tokenOf('{"alg":"HS512"}', `{"key":"t","exp":${EXP}}`), 401],
        ["a wrong signature", `${tokenOf(HEADER, `{"key":"t","exp":${EXP}}`).slice(0, -4)}AAAA`, 401],
        ["no key", tokenOf(HEADER, `{"exp":${EXP}}`), 401],
        ["claims that are a number", tokenOf(HEADER, "1"), 500],
    ];
    for (const [what, token, status] of tokens)
        it(`answers ${status} to ${what}`, async () => {
            await kit.put("/consumers/llm_team/credentials/t", {
                plugins: { "jwt-auth": { key: "t", secret: SECRET } },
            });
            await open({ "jwt-auth": { query: "", cookie: "=", claims_to_verify: ["exp"], hide_credentials: true } });
            assert.equal(await statusOf({ Authorization: `Bearer ${token}` }), status);
            assert.equal(kit.upstream.seen.length, status === 200 ? 1 : 0);
            assert.ok(!JSON.stringify(kit.upstream.seen).includes(token));
        });

    it("refuses a query string or cookie that may hold a credential, where the configuration allows one", async () => {
        await open({ "key-auth": {} });
        assert.equal(await statusOf({}, "/completions?apikey=first-key"), 501);
        await open({ "jwt-auth": { claims_to_verify: ["exp"] } });
        assert.equal(await statusOf({ Cookie: "jwt=x" }), 501);
    });

    it("selects exact paths before prefixes, and the first route by priority whose conditions hold", async () => {
        const answering = (body: string) => ({ plugins: { "fault-injection": { abort: { http_status: 418, body } } } });
        await open({}, { ...answering("exact"), vars: [["args", "!", "~~", "."]], methods: ["POST"] });
        await kit.put("/routes/low", { uri: "/*", priority: -10, ...answering("low") });
        await kit.put("/routes/query", { uri: "/completions", priority: -1, ...answering("query") });
        const texts = [];
        for (const path of ["/completions", "/completions?x", "//completions", "/other"])
            texts.push((await kit.send(path)).text);
        assert.deepEqual(texts, ["exact", "query", "exact", "low"]);
        await kit.admin("DELETE", "/routes/low");
        assert.equal((await kit.send("/other")).text, '{"error_msg":"404 Route Not Found"}\n');
    });

    it("rejects a body above the limit, whether its length is announced or not", async () => {
        await open({ "client-control": { max_body_size: 10 } });
        assert.equal(await statusOf(), 413);
        const socket = connect(kit.gateway.port, "127.0.0.1");
        socket.write(
            "POST /completions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n",
        );
        const [data] = (await once(socket, "data")) as [Buffer];
        assert.match(data.toString(), /^HTTP\/1\.1 413 /);
        socket.destroy();
        assert.equal(kit.upstream.seen.length, 0);
    });

    it("forwards only valid bodies, encoded again", async () => {
        const header_schema = {
            required: ["content-type"],
            properties: { "content-type": { pattern: "^application/json$" } },
        };
        const body_schema = { type: "object", required: ["model"], properties: { n: { type: "integer", maximum: 1 } } };
        await open({ "request-validation": { header_schema, body_schema } });
        const of = async (body: string, type = "application/json") => {
            const { status } = await kit.send("/completions", { "Content-Type": type }, { body });
            return [status, kit.upstream.seen.splice(0).map((seen) => seen.body.toString())];
        };
        assert.deepEqual(await of('{"model":"default","n":0x1,"x":1.50}'), [
            200,
            ['{"model":"default","n":1,"x":1.5}'],
        ]);
        for (const body of ['{"n":1}', '{"model":"default","n":2}', "false", "", "{"])
            assert.deepEqual(await of(body), [400, []]);
        for (const type of ["text/plain", "application/json\t"])
            assert.deepEqual(await of('{"model":"default"}', type), [400, []]);
        assert.deepEqual(await of('{"model":"default","x":NaN}'), [500, []]);
    });

    it("refuses what it does not emulate on a request, instead of an answer", async () => {
        const code = "return function() ngx.say('x') end";
        await open({ "serverless-pre-function": { phase: "access", functions: [code] } });
        const answer = await kit.send("/completions");
        assert.deepEqual([answer.status, /ngx\.say in Lua/.test(answer.text)], [501, true]);
        assert.equal(kit.upstream.seen.length, 0);
    });

    it("answers 502 and 504 where the upstream does not answer, and reaches names of the cluster", async () => {
        const timeout = { connect: 1, send: 1, read: 0.1 };
        await open({}, { timeout });
        assert.equal(await statusOf({ "X-Debug-Delay": "0.5" }), 504);
        assert.equal(await statusOf({ "X-Debug-Close": "1" }), 502);
        for (const [name, status] of Object.entries({
            "alpa.svc:20001": 200,
            "no-pods.svc:80": 502,
            "127.0.0.1:1": 502,
        })) {
            await open({}, { upstream: { ...kit.target, nodes: { [name]: 1 } } });
            assert.equal(await statusOf(), status, name);
        }
    });

    it("frees the slot of limit-conn when the client hangs up, also that of a workflow's action", async () => {
        const conn = { conn: 1, burst: 0, default_conn_delay: 0.1, key: "remote_addr", rejected_code: 429 };
        const rules = [{ case: [["scheme", "==", "http"]], actions: [["limit-conn", conn]] }];
        for (const plugins of [{ "limit-conn": conn }, { workflow: { rules } }]) {
            kit.upstream.seen.length = 0;
            await open(plugins);
            const socket = connect(kit.gateway.port, "127.0.0.1");
            socket.write("GET /completions HTTP/1.1\r\nHost: h\r\nX-Debug-Delay: 60\r\n\r\n");
            while (kit.upstream.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
            assert.equal(await statusOf(), 429);
            socket.destroy();
            while ((await statusOf()) === 429);
        }
    });

    it("keeps a count when the same configuration is written again, and resets it with another", async () => {
        const limit = (count: number) => ({ "limit-count": { count, time_window: 60, rejected_code: 429 } });
        await open(limit(1));
        assert.deepEqual([await statusOf(), await statusOf()], [200, 429]);
        await open(limit(1));
        assert.equal(await statusOf(), 429);
        await open(limit(2));
        assert.equal(await statusOf(), 200);
    });

    it("rejects what nginx rejects before APISIX runs", async () => {
        const cases: [why: string, path: string, headers: Record<string, string>, method: string, status: number][] = [
            ["a path above the root", "/../x", {}, "POST", 400],
            ["a header line over 8 KiB", "/", { "X-Big": "y".repeat(9000) }, "POST", 400],
            ["a target over 8 KiB", `/?${"y".repeat(9000)}`, {}, "POST", 414],
            ["TRACE", "/", {}, "TRACE", 405],
            ["a second Host", "/", { host: "b" }, "POST", 400],
            ["a second Authorization", "/", { Authorization: "Bearer a", authorization: "Bearer a" }, "POST", 400],
            ["another transfer coding", "/", { "Transfer-Encoding": "gzip" }, "POST", 501],
            ["an unknown method", "/", {}, "FOO", 501],
            ["another host in the request line", "http://b.example/completions", {}, "POST", 501],
        ];
        for (const [why, path, headers, method, status] of cases) {
            const answer = await kit.send(path, headers, { method, body: "" });
            assert.deepEqual([why, answer.status, header(answer, "Server")], [why, status, "openresty"]);
        }
    });
});
