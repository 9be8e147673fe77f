/** Proves which answers callers get from the emulator, and which requests the upstream gets. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Kit, header } from "./kit";

describe("gateway data plane", () => {
    let kit: Kit;
    beforeEach(async () => {
        kit = await Kit.start();
    });
    afterEach(() => kit.stop());

    const withKey = async (plugin: Record<string, unknown> = {}) => {
        await kit.put("/consumers", { username: "llm_team", labels: { custom_id: "c-1" } });
        await kit.put("/consumers/llm_team/credentials/2026a", { plugins: { "key-auth": { key: "first-key" } } });
        await kit.put("/consumers/llm_team/credentials/2026b", { plugins: { "key-auth": { key: "second-key" } } });
        await kit.put("/routes/r1", { uri: "/completions", plugins: { "key-auth": plugin }, upstream: kit.target });
    };

    it("rejects a request without a key, without a request to the upstream", async () => {
        await withKey();
        const answer = await kit.send("/completions");
        assert.equal(answer.status, 401);
        assert.equal(answer.text, '{"message":"Missing API key in request"}\n');
        assert.equal(header(answer, "WWW-Authenticate"), 'apikey realm="key"');
        assert.equal(kit.upstream.seen.length, 0);
    });

    it("accepts a valid key and names the consumer to the upstream, whatever headers the client sends", async () => {
        await withKey();
        const answer = await kit.send("/completions", { apikey: "first-key", "X-Consumer-Username": "root" });
        assert.equal(answer.status, 200);
        const [seen] = kit.upstream.seen;
        assert.equal(seen.headers["x-consumer-username"], "llm_team");
        assert.equal(seen.headers["x-credential-identifier"], "2026a");
        assert.equal(seen.headers["x-consumer-custom-id"], "c-1");
    });

    it("rejects a credential as soon as it is deleted, and no other credential", async () => {
        await withKey();
        assert.equal((await kit.admin("DELETE", "/consumers/llm_team/credentials/2026a")).status, 200);
        assert.equal((await kit.send("/completions", { apikey: "first-key" })).status, 401);
        assert.equal((await kit.send("/completions", { apikey: "second-key" })).status, 200);
    });

    it("deletes a consumer's credentials with the consumer", async () => {
        await withKey();
        await kit.admin("DELETE", "/consumers/llm_team");
        await kit.put("/consumers", { username: "llm_team" });
        assert.equal((await kit.send("/completions", { apikey: "first-key" })).status, 401);
    });

    it("stores a credential whose secret manager does not exist, and rejects every request with it", async () => {
        await withKey();
        const key = "$secret://vault/1/llm_team/key";
        await kit.put("/consumers/llm_team/credentials/away", { plugins: { "key-auth": { key } } });
        const answer = await kit.send("/completions", { apikey: key });
        assert.deepEqual([answer.status, answer.text], [401, '{"message":"Invalid API key in request"}\n']);
        assert.equal((await kit.send("/completions", { apikey: "first-key" })).status, 200);
    });

    it("removes the key for the upstream with hide_credentials, in the header and in the query", async () => {
        await withKey({ hide_credentials: true });
        await kit.send("/completions", { apikey: "first-key" });
        await kit.send("/completions?x=1&apikey=first-key");
        const [byHeader, byQuery] = kit.upstream.seen;
        assert.equal(byHeader.headers.apikey, undefined);
        assert.equal(byQuery.path, "/completions?x=1");
    });

    it("forwards the key without hide_credentials", async () => {
        await withKey();
        await kit.send("/completions", { apikey: "first-key" });
        assert.equal(kit.upstream.seen[0].headers.apikey, "first-key");
    });

    it("answers an unmatched path with APISIX's 404, or with the catch-all route", async () => {
        await withKey();
        assert.equal((await kit.send("/nope")).text, '{"error_msg":"404 Route Not Found"}\n');
        const body = '{"type":"error","message":"no such path or method","stacktrace":""}';
        await kit.put("/routes/catch", {
            uri: "/*",
            priority: -10,
            plugins: {
                "fault-injection": {
                    abort: { http_status: 404, body, headers: { "Content-Type": "application/json" } },
                },
            },
        });
        const answer = await kit.send("/nope");
        assert.deepEqual([answer.status, answer.text], [404, body]);
        assert.equal(header(answer, "Content-Type"), "application/json");
        assert.equal((await kit.send("/completions", { apikey: "first-key" })).status, 200);
    });

    it("keeps a consumer's count when the same consumer is written again, but resets the count if the route has the plugin too", async () => {
        const limit = (count: number) => ({ "limit-count": { count, time_window: 60, rejected_code: 429 } });
        const auth = { "key-auth": { key: "counted" } };
        const consumer = () => kit.put("/consumers", { username: "counted", plugins: { ...auth, ...limit(1) } });
        const route = (plugins: object) =>
            kit.put("/routes/r1", {
                uri: "/completions",
                plugins: { "key-auth": {}, ...plugins },
                upstream: kit.target,
            });
        const status = async () => (await kit.send("/completions", { apikey: "counted" })).status;
        await route({});
        await consumer();
        assert.deepEqual([await status(), await status()], [200, 429]);
        await consumer();
        assert.equal(await status(), 429);
        await route(limit(1000));
        assert.equal(await status(), 429, "the consumer has not been written since");
        await consumer();
        assert.deepEqual([await status(), await status()], [200, 429]);
    });

    const twoNodes = (retries: number) => ({
        type: "roundrobin",
        nodes: [
            { host: "127.0.0.1", port: kit.upstream.port, weight: 1 },
            { host: "localhost", port: kit.upstream.port, weight: 1 },
        ],
        retries,
    });

    it("never retries a POST that reached an upstream, and retries a GET", async () => {
        await kit.put("/routes/r1", { uri: "/completions", plugins: {}, upstream: twoNodes(1) });
        const post = await kit.send("/completions", { "X-Debug-Close": "1" });
        assert.equal(post.status, 502);
        assert.equal(kit.upstream.seen.length, 1);
        const get = await kit.send("/completions", { "X-Debug-Close": "1" }, { method: "GET" });
        assert.equal(get.status, 502);
        assert.equal(header(get, "X-APISIX-Upstream-Status"), "502, 502");
        assert.equal(kit.upstream.seen.length, 3);
    });

    it("retries a POST whose connection was refused", async () => {
        const nodes = { "127.0.0.1:1": 1, [`127.0.0.1:${kit.upstream.port}`]: 1 };
        await kit.put("/routes/r1", { uri: "/completions", plugins: {}, upstream: { type: "roundrobin", nodes } });
        for (let i = 0; i < 4; i++) assert.equal((await kit.send("/completions")).status, 200);
    });

    it("answers 504 for a silent upstream after the read timeout", async () => {
        const timeout = { connect: 1, send: 1, read: 0.1 };
        await kit.put("/routes/r1", { uri: "/completions", plugins: {}, upstream: { ...kit.target, timeout } });
        const answer = await kit.send("/completions", { "X-Debug-Delay": "0.5" });
        assert.equal(answer.status, 504);
        assert.match(answer.text, /504 Gateway Time-out/);
    });

    it("prefers the route's timeout to the upstream's", async () => {
        await kit.put("/routes/r1", {
            uri: "/completions",
            plugins: {},
            timeout: { connect: 1, send: 1, read: 5 },
            upstream: { ...kit.target, timeout: { connect: 1, send: 1, read: 0.05 } },
        });
        assert.equal((await kit.send("/completions", { "X-Debug-Delay": "0.2" })).status, 200);
    });

    it("merges service, plugin config, route and consumer, of which later ones win", async () => {
        const limit = (count: number) => ({ "limit-count": { count, time_window: 60, rejected_code: 429 } });
        await kit.put("/services/s1", { hosts: ["api.example.org"], upstream: kit.target, plugins: limit(10) });
        await kit.put("/plugin_configs/p1", { plugins: limit(20) });
        const route = { uri: "/completions", service_id: "s1" };
        const shownLimit = async () =>
            header(await kit.send("/completions", { apikey: "first-key" }), "X-RateLimit-Limit");

        await kit.put("/routes/r1", route);
        assert.equal(await shownLimit(), "10");
        await kit.put("/routes/r1", { ...route, plugin_config_id: "p1" });
        assert.equal(await shownLimit(), "20");
        await kit.put("/routes/r1", { ...route, plugin_config_id: "p1", plugins: { "key-auth": {}, ...limit(30) } });
        await kit.put("/consumers", { username: "llm_team" });
        await kit.put("/consumers/llm_team/credentials/a", { plugins: { "key-auth": { key: "first-key" } } });
        assert.equal(await shownLimit(), "30");
        await kit.put("/consumers", { username: "llm_team", plugins: limit(40) });
        assert.equal(await shownLimit(), "40");
        assert.equal((await kit.send("/completions", {}, { host: "other.example.org" })).status, 404);
    });

    it("counts per consumer and rejects requests over the limit", async () => {
        await withKey();
        const limit = { count: 2, time_window: 60, key: "consumer_name", rejected_code: 429, rejected_msg: "enough" };
        await kit.put("/routes/r1", {
            uri: "/completions",
            plugins: { "key-auth": {}, "limit-count": limit },
            upstream: kit.target,
        });
        const statuses = [];
        for (const apikey of ["first-key", "second-key", "first-key"])
            statuses.push((await kit.send("/completions", { apikey })).status);
        assert.deepEqual(statuses, [200, 200, 429]);
    });

    it("frees the slot of limit-conn when the client hangs up", async () => {
        const plugins = {
            "limit-conn": { conn: 1, burst: 0, default_conn_delay: 0.1, key: "remote_addr", rejected_code: 429 },
        };
        await kit.put("/routes/r1", { uri: "/completions", plugins, upstream: kit.target });
        const socket = connect(kit.gateway.port, "127.0.0.1");
        socket.write("GET /completions HTTP/1.1\r\nHost: api.example.org\r\nX-Debug-Delay: 60\r\n\r\n");
        const until = async (done: () => Promise<boolean> | boolean) => {
            const end = Date.now() + 25_000;
            while (!(await done())) assert.ok(Date.now() < end, "condition not met within 25 s");
        };
        await until(async () => {
            await new Promise((resolve) => setImmediate(resolve));
            return kit.upstream.seen.length > 0;
        });
        assert.equal((await kit.send("/completions")).status, 429);
        socket.destroy();
        await until(async () => (await kit.send("/completions")).status === 200);
    });

    it("counts a workflow action for its whole case, and does not run the same plugin again", async () => {
        const conn = (n: number, key: string) => ({
            ...{ conn: n, burst: 0, default_conn_delay: 0.1, key, rejected_code: 429, rejected_msg: `${n}` },
        });
        for (const name of ["jack", "jill"]) {
            await kit.put("/consumers", { username: name, plugins: { "limit-conn": conn(1, "consumer_name") } });
            await kit.put(`/consumers/${name}/credentials/a`, { plugins: { "key-auth": { key: `key-${name}` } } });
        }
        const rules = [{ case: [["consumer_name", "in", ["jack"]]], actions: [["limit-conn", conn(2, "route_id")]] }];
        await kit.put("/routes/r1", {
            uri: "/completions",
            plugins: { "key-auth": {}, workflow: { rules } },
            upstream: kit.target,
        });
        const of = async (name: string, count: number) => {
            const headers = { apikey: `key-${name}`, "X-Debug-Delay": "1" };
            const answers = await Promise.all(Array.from({ length: count }, () => kit.send("/completions", headers)));
            return answers.map(({ status, text }) => (status === 200 ? 200 : text.trim())).sort();
        };
        const [jack, jill] = await Promise.all([of("jack", 3), of("jill", 2)]);
        assert.deepEqual(jack, [200, 200, '{"error_msg":"2"}']);
        assert.deepEqual(jill, [200, '{"error_msg":"1"}']);
        assert.deepEqual(await of("jack", 2), [200, 200]);
    });

    it("answers 500 where a limit of limit-conn is a variable without a number, unless allow_degradation is set", async () => {
        const limits = { conn: "$http_x_conn", burst: 0, default_conn_delay: 0.1, key: "remote_addr" };
        const statusOf = async (conn: string, more: object = {}) => {
            const plugins = { "limit-conn": { ...limits, ...more } };
            await kit.put("/routes/r1", { uri: "/completions", plugins, upstream: kit.target });
            return (await kit.send("/completions", conn === "" ? {} : { "X-Conn": conn })).status;
        };
        assert.equal(await statusOf("1"), 200);
        assert.deepEqual([await statusOf(""), await statusOf("x")], [500, 500]);
        assert.equal(await statusOf("x", { allow_degradation: true }), 200);
    });

    it("delays requests over conn by default_conn_delay, however long earlier requests took", async () => {
        const limits = { conn: 1, burst: 1, default_conn_delay: 0.1, key: "remote_addr" };
        await kit.put("/routes/r1", { uri: "/completions", plugins: { "limit-conn": limits }, upstream: kit.target });
        await kit.send("/completions", { "X-Debug-Delay": "3" });
        const slow = kit.send("/completions", { "X-Debug-Delay": "2" });
        while (kit.upstream.seen.length < 2) await sleep(5);
        const { elapsedMs } = await kit.send("/completions");
        await slow;
        // A mean with the first request would be 1.5 s.
        assert.ok(elapsedMs >= 90 && elapsedMs < 1500, String(elapsedMs));
    });

    it("keeps several gateways of one process separate", async () => {
        await withKey();
        const other = await Kit.start();
        try {
            assert.equal((await other.send("/completions")).status, 404);
        } finally {
            await other.stop();
        }
    });

    for (const [status, length] of [
        [200, "0"],
        [204, undefined],
        [304, undefined],
    ] as const)
        it(`forwards an upstream's ${status} without a body`, async () => {
            const upstream = createServer((request, answer) => {
                request.resume();
                answer.writeHead(status, length === undefined ? {} : { "Content-Length": length }).end();
            });
            await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
            try {
                const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 };
                await kit.put("/routes/r1", { uri: "/empty", upstream: { type: "roundrobin", nodes } });
                const answer = await kit.send("/empty");
                const shown = [answer.status, answer.text, header(answer, "Content-Length")];
                assert.deepEqual(shown, [status, "", length]);
            } finally {
                upstream.closeAllConnections();
                upstream.close();
            }
        });

    it("answers several requests on one connection", async () => {
        await kit.put("/routes/r1", { uri: "/completions", plugins: {}, upstream: kit.target });
        const url = `http://127.0.0.1:${kit.gateway.port}/completions`;
        for (let i = 0; i < 20; i++) {
            const response = await fetch(url, { method: "POST", body: '{"model":"default"}' });
            assert.equal(response.status, 200);
            await response.text();
        }
    });

    it("accepts an absolute target with the host of the Host header, and refuses any other host as unsupported", async () => {
        await kit.put("/routes/r1", { uri: "/completions", plugins: {}, upstream: kit.target });
        const host = "a.example";
        assert.equal((await kit.send("http://A.example/completions", {}, { host })).status, 200);
        const answer = await kit.send("http://b.example/completions", {}, { host });
        assert.deepEqual(
            [answer.status, /unsupported by the sandbox: a host in the request line/.test(answer.text)],
            [501, true],
        );
    });

    it("drops a header whose name nginx calls invalid, and keeps a name with an underscore", async () => {
        await kit.put("/routes/r1", { uri: "/completions", plugins: {}, upstream: kit.target });
        await kit.send("/completions", { "X.Dot": "1", "X~Tilde": "1", X_Under: "1", "X-Dash": "1" });
        const names = Object.keys(kit.upstream.seen.at(-1)?.headers ?? {}).filter((name) =>
            /^x.(dot|til|und|das)/.test(name),
        );
        assert.deepEqual(names.sort(), ["x-dash", "x_under"]);
    });

    describe("proxy-rewrite", () => {
        const seenAfter = async (config: object, path: string, headers: Record<string, string> = {}) => {
            await kit.put("/routes/r1", { uri: "/*", plugins: { "proxy-rewrite": config }, upstream: kit.target });
            await kit.send(path, headers);
            return kit.upstream.seen.at(-1);
        };

        it("inserts regex_uri groups into header values before variables, and nothing for a group without a match", async () => {
            const set = { "X-All": "<$1>", "X-Part": "a-${2}-b", "X-None": "$3", "X-Client": "$http_x_in" };
            const config = { regex_uri: ["^/alpa/([^/]*)/?(.*)", "/$1"], headers: { set } };
            const { headers } =
                (await seenAfter(config, "/alpa/caf%C3%A9/x", { "X-In": "$1", "X-None": "sent" })) ?? {};
            const shown = ["x-all", "x-part", "x-none", "x-client"].map((name) => headers?.[name]);
            assert.deepEqual(shown, ["<caf\xc3\xa9>", "a-x-b", undefined, "$1"]);
            assert.equal((await seenAfter(config, "/alpa/$http_x_in/", { "X-In": "y" }))?.headers["x-all"], "<y>");
            assert.equal((await seenAfter(config, "/other"))?.headers["x-all"], "<>");
        });

        it("treats a question mark in a variable as part of the path", async () => {
            const seen = await seenAfter({ uri: "/c/$arg_x?fixed=1" }, "/z?x=a%3Fb");
            assert.equal(seen?.path, "/c/a%253Fb?fixed=1&x=a%3Fb");
        });

        it("sends the uri unchanged with use_real_request_uri_unsafe", async () => {
            const seen = await seenAfter({ uri: "/c/%41", use_real_request_uri_unsafe: true }, "/z?x=1");
            assert.equal(seen?.path, "/c/%41");
        });

        it("removes a header whose new value is empty, in both forms", async () => {
            for (const headers of [{ set: { "X-A": "" } }, { "X-A": "" }])
                assert.equal((await seenAfter({ headers }, "/z", { "X-A": "1" }))?.headers["x-a"], undefined);
        });

        it("is rejected when its replacement names a variable", async () => {
            const plugins = { "proxy-rewrite": { regex_uri: ["^/a", "/$host"] } };
            const { status, body } = await kit.admin("PUT", "/routes/r1", { uri: "/*", plugins, upstream: kit.target });
            assert.deepEqual(
                [status, /failed to compile the replacement template$/.test(String(body.error_msg))],
                [400, true],
            );
        });
    });

    it("uses only the last address of X-Real-IP, with or without a port", async () => {
        await kit.put("/routes/r1", { uri: "/completions", plugins: {}, upstream: kit.target });
        for (const [sent, seen] of [
            ["10.1.1.1", "10.1.1.1"],
            ["10.1.1.1, 10.2.2.2", "10.2.2.2"],
            ["10.1.1.1 ,", "10.1.1.1"],
            ["10.1.1.1:80", "10.1.1.1"],
            ["2001:db8::1", "2001:db8::1"],
            ["[2001:db8::1]:80", "2001:db8::1"],
            ["10.1.1.1:0", "127.0.0.1"],
            ["10.1.1.1, no-address", "127.0.0.1"],
            ["", "127.0.0.1"],
        ]) {
            await kit.send("/completions", { "X-Real-IP": sent });
            assert.equal(kit.upstream.seen.at(-1)?.headers["x-real-ip"], seen, sent);
        }
    });

    it("rejects what nginx rejects before APISIX runs", async () => {
        const cases: [why: string, path: string, headers: Record<string, string>, method: string, status: number][] = [
            ["a path above the root", "/../x", {}, "POST", 400],
            ["NUL in the path", "/a%00", {}, "POST", 400],
            ["a header line over 8 KiB", "/", { "X-Big": "y".repeat(9000) }, "POST", 400],
            ["a target over 8 KiB", `/?${"y".repeat(9000)}`, {}, "POST", 414],
            ["TRACE", "/", {}, "TRACE", 405],
            ["a second Host", "/", { host: "b" }, "POST", 400],
            ["a second Authorization", "/", { Authorization: "Bearer a", authorization: "Bearer a" }, "POST", 400],
            ["a second If-Match", "/", { "If-Match": "a", "if-match": "b" }, "POST", 400],
        ];
        for (const [why, path, headers, method, status] of cases) {
            const answer = await kit.send(path, headers, { method, body: "" });
            assert.deepEqual([why, answer.status, header(answer, "Server")], [why, status, "openresty"]);
        }
    });
});
