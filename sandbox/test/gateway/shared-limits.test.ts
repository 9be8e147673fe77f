/**
 * Proves that several gateways with policy redis count together and exactly. Proves that callers get APISIX's answers
 * when Redis is down. Uses a real Redis.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { generate } from "selfsigned";
import { SharedCounters } from "../../gateway/counters/shared-counters";
import { startRedis, type RedisServer } from "../../redis/server";
import { RawRedis } from "../redis/kit";
import { Kit, header } from "./kit";

type Json = Record<string, unknown>;

/** A port without a listener. */
const CLOSED_PORT = 1;

describe("gateway limits shared through Redis", () => {
    let redis: RedisServer;
    let kits: Kit[];
    let upstream: Awaited<ReturnType<typeof startWaitingUpstream>>;
    beforeEach(async () => {
        upstream = await startWaitingUpstream();
        redis = await startRedis({ port: 0, password: "sesame" });
        kits = await Promise.all([Kit.start(), Kit.start()]);
    });
    afterEach(async () => {
        await Promise.all(kits.map((kit) => kit.stop()));
        await redis.close();
        upstream.close();
    });

    const shared = (): Json => ({
        policy: "redis",
        redis_host: "127.0.0.1",
        redis_port: redis.port,
        redis_password: "sesame",
        // The default is 1 s, but on a busy machine a command sometimes takes 1 s. Tests that measure the timeout set
        // their own value.
        redis_timeout: 20_000,
    });
    const COUNT = { count: 2, time_window: 600, key: "consumer_name", rejected_code: 429 };
    const CONN = { conn: 1, burst: 0, default_conn_delay: 0.1, key: "consumer_name", rejected_code: 429 };
    const TOKENS = { limit: 10, time_window: 600, rejected_code: 429 };
    const REQ = { rate: 0.001, burst: 0, nodelay: true, key: "consumer_name", rejected_code: 429 };

    /** The same route and consumer on both gateways, each with its own upstream. */
    const configure = async (plugin: string, conf: Json, nodes?: Json, on = kits) => {
        for (const kit of on) {
            await kit.put("/consumers", { username: "jack" });
            await kit.put("/consumers/jack/credentials/a", { plugins: { "key-auth": { key: "key-a" } } });
            await kit.put("/routes/r1", {
                uri: "/completions",
                plugins: { "key-auth": {}, [plugin]: conf },
                upstream: nodes ? { ...kit.target, nodes } : kit.target,
            });
        }
    };
    const send = (kit: Kit) => kit.send("/completions", { apikey: "key-a" });
    const statuses = async (answers: ReturnType<typeof send>[]) => (await Promise.all(answers)).map((a) => a.status);
    const times = (status: number, all: number[]) => all.filter((s) => s === status).length;

    for (const type of ["fixed", "sliding"])
        it(`limit-count lets exactly its count through two gateways together, in a ${type} window`, async () => {
            // A sliding window begins at a multiple of its length on the clock. This window is so long that it cannot
            // end between two requests.
            const time_window = 1_000_000_000;
            await configure("limit-count", { ...COUNT, count: 7, time_window, window_type: type, ...shared() });
            const answers = await statuses(Array.from({ length: 40 }, (_, i) => send(kits[i % 2])));
            assert.deepEqual([times(200, answers), times(429, answers)], [7, 33]);
        });

    it("decide by scripts that Redis caches, sent once each", async () => {
        await configure("limit-count", { ...COUNT, count: 7, ...shared() });
        for (let i = 0; i < 3; i++) assert.equal((await send(kits[i % 2])).status, 200);
        const client = await RawRedis.connect(redis.port);
        const [, stats] = await client.say("AUTH sesame", "INFO commandstats");
        client.close();
        assert.match(stats, /cmdstat_evalsha:calls=3,/);
        assert.match(stats, /cmdstat_eval:calls=1,/);
    });

    for (const [allowed, status] of [
        [false, 500],
        [true, 200],
    ] as const)
        it(`limit-count answers ${status} when the server's memory is full, with allow_degradation ${allowed}`, async () => {
            const full = await startRedis({ port: 0, lines: ["maxmemory 1", "maxmemory-policy noeviction"] });
            try {
                const conf = { ...shared(), redis_port: full.port, redis_password: undefined };
                await configure("limit-count", { ...COUNT, ...conf, allow_degradation: allowed });
                assert.equal((await send(kits[0])).status, status);
            } finally {
                await full.close();
            }
        });

    it("limit-count with policy local lets its count through each gateway", async () => {
        await configure("limit-count", { ...COUNT, count: 7 });
        const answers = await statuses(Array.from({ length: 40 }, (_, i) => send(kits[i % 2])));
        assert.deepEqual([times(200, answers), times(429, answers)], [14, 26]);
    });

    it("limit-count returns the requests that are left over all gateways, and the end of the window", async () => {
        await configure("limit-count", { ...COUNT, ...shared() });
        const seen = [];
        for (const kit of [kits[0], kits[1], kits[0]]) {
            const answer = await send(kit);
            seen.push([answer.status, header(answer, "X-RateLimit-Remaining")]);
            const reset = header(answer, "X-RateLimit-Reset") ?? "";
            assert.match(reset, seen.length === 1 ? /^600$/ : /^\d+(\.\d{1,2})?$/);
            assert.ok(Number(reset) > 590 && Number(reset) <= 600, reset);
        }
        assert.deepEqual(seen, [
            [200, "1"],
            [200, "0"],
            [429, "0"],
        ]);
    });

    it("limit-count resets when the window in Redis ends", async () => {
        await configure("limit-count", { ...COUNT, count: 1, time_window: 1, ...shared() });
        const begin = Date.now();
        assert.equal((await send(kits[0])).status, 200);
        // Polls, because no event reports the end of the window.
        while ((await send(kits[1])).status !== 200);
        assert.ok(Date.now() - begin >= 990, `${Date.now() - begin} ms`);
    });

    it("ai-rate-limiting counts the tokens of answers of both gateways", async () => {
        const pre_function = `return function(_, ctx)
            ctx.picked_ai_instance_name = "llm"
            ctx.ai_token_usage = { total_tokens = 5 }
        end`;
        const plugins = {
            "key-auth": {},
            "ai-rate-limiting": { ...TOKENS, ...shared() },
            "serverless-post-function": { functions: ["return function() end"], _meta: { pre_function } },
        };
        await configure("limit-count", COUNT);
        for (const kit of kits) await kit.put("/routes/r1", { uri: "/completions", plugins, upstream: kit.target });
        assert.deepEqual([(await send(kits[0])).status, (await send(kits[1])).status], [200, 200]);
        const client = await RawRedis.connect(redis.port);
        for (let keys = ""; !keys.includes("10");) {
            const [, , found] = await client.say("AUTH sesame", "SELECT 0", "KEYS *");
            const name = /plugin-ai-rate-limiting\S+/.exec(found)![0];
            [keys] = await client.say(`GET ${name}`);
        }
        client.close();
        assert.deepEqual([(await send(kits[0])).status, (await send(kits[1])).status], [429, 429]);
    });

    it("limit-conn has exactly its number of slots over both gateways, and frees them", async () => {
        await configure("limit-conn", { ...CONN, conn: 3, ...shared() }, upstream.nodes);
        const answers = Array.from({ length: 20 }, (_, i) => send(kits[i % 2]));
        let refused = 0;
        for (const answer of answers)
            void answer.then(({ status }) => {
                if (status === 429) refused++;
                upstream.server.emit("progress");
            });
        while (upstream.waiting.length + refused < answers.length) await once(upstream.server, "progress");
        assert.equal(upstream.waiting.length, 3);
        upstream.answer();
        assert.equal(times(200, await statuses(answers)), 3);

        upstream.server.on("progress", upstream.answer);
        // The slot is only freed shortly after the answer, so the request is repeated until it succeeds.
        while ((await send(kits[1])).status !== 200);
    });

    it("limit-conn frees the slots of a gateway that is stopped", async () => {
        await configure("limit-conn", { ...CONN, ...shared() }, upstream.nodes);
        const cut = assert.rejects(send(kits[0]));
        await once(upstream.server, "progress");
        assert.equal((await send(kits[1])).status, 429);
        await kits[0].gateway.close();
        await cut;
        upstream.server.on("progress", upstream.answer);
        while ((await send(kits[1])).status !== 200);
    });

    it("limit-conn frees the slot of a crashed gateway after key_ttl, and not before", async () => {
        const counters = new SharedCounters(() => undefined);
        const conf = {
            redis_host: "127.0.0.1",
            redis_port: redis.port,
            redis_password: "sesame",
            ...{ redis_database: 0, redis_timeout: 20_000, redis_keepalive_timeout: 1000, redis_keepalive_pool: 1 },
        };
        const enter = (request: string) => counters.enter(conf, "k", request, 1, 2);
        const begin = Date.now();
        assert.equal((await enter("of a gateway that crashes")).entered, true);
        while (!(await enter("another")).entered);
        const passed = Date.now() - begin;
        // Slots expire at whole seconds.
        assert.ok(passed > 1000 && passed < 30_000, `${passed} ms`);
        await counters.close();
    });

    it("limit-req has one bucket for both gateways", async () => {
        await configure("limit-req", { ...REQ, ...shared() });
        assert.equal((await send(kits[0])).status, 200);
        assert.equal((await send(kits[1])).status, 429);
    });

    it("limit-count counts in the configured database, and in no other", async () => {
        const grouped = (group: string, redis_database: number) =>
            ({ ...COUNT, count: 1, ...shared(), group, redis_database }) satisfies Json;
        for (const [group, second, status] of [
            ["apart", 0, 200],
            ["together", 3, 429],
        ] as const) {
            await configure("limit-count", grouped(group, 3), undefined, [kits[0]]);
            await configure("limit-count", grouped(group, second), undefined, [kits[1]]);
            assert.deepEqual([(await send(kits[0])).status, (await send(kits[1])).status], [200, status], group);
        }
    });

    const away: [how: string, conf: () => Json][] = [
        ["refuses connections", () => ({ ...shared(), redis_port: CLOSED_PORT })],
        ["rejects the password", () => ({ ...shared(), redis_password: "wrong" })],
        ["has no such database", () => ({ ...shared(), redis_database: 99 })],
    ];
    const failures: [plugin: string, conf: Json, body: RegExp][] = [
        ["limit-count", COUNT, /^\{"error_msg":"failed to limit count"\}\n$/],
        ["limit-conn", CONN, /^<html>\r\n<head><title>500 Internal Server Error<\/title>/],
        ["limit-req", REQ, /^<html>\r\n<head><title>500 Internal Server Error<\/title>/],
    ];
    for (const [how, redisConf] of away)
        for (const [plugin, conf, body] of failures) {
            it(`${plugin} ends every request with 500 when Redis ${how}, after authentication`, async () => {
                await configure(plugin, { ...conf, ...redisConf(), rejected_msg: "not used" });
                const answer = await send(kits[0]);
                assert.equal(answer.status, 500);
                assert.match(answer.text, body);
                assert.equal(header(answer, "X-RateLimit-Limit"), undefined);
                assert.equal(kits[0].upstream.seen.length, 0);
                assert.equal((await kits[0].send("/completions")).status, 401);
                assert.match(kits[0].logged.join("\n"), new RegExp(`${plugin}: shared counters: `));
                assert.doesNotMatch(kits[0].logged.join("\n"), /sesame|wrong/);
            });

            it(`${plugin} limits nothing with allow_degradation when Redis ${how}`, async () => {
                await configure(plugin, { ...conf, ...redisConf(), allow_degradation: true });
                for (let i = 0; i < 4; i++) {
                    const answer = await send(kits[0]);
                    assert.equal(answer.status, 200);
                    assert.equal(header(answer, "X-RateLimit-Limit"), undefined);
                }
                assert.equal((await kits[0].send("/completions")).status, 401);
            });
        }

    for (const [plugin, conf] of failures)
        for (const [allowed, status] of [
            [false, 500],
            [true, 200],
        ] as const)
            it(`${plugin} waits redis_timeout for a Redis that hangs, then answers ${status}`, async () => {
                const waiting = (redis_timeout: number) =>
                    configure(plugin, { ...conf, ...shared(), redis_timeout, allow_degradation: allowed });
                redis.hang(true);
                await waiting(600_000);
                assert.equal((await kits[0].send("/completions")).status, 401, "a request without a key does not wait");

                await waiting(1000);
                const answer = await send(kits[0]);
                assert.equal(answer.status, status);
                assert.ok(answer.elapsedMs >= 990 && answer.elapsedMs < 20_000, `${answer.elapsedMs} ms`);
                redis.hang(false);
                assert.equal((await send(kits[0])).status, 200);
                redis.hang(true); // Redis hangs again, now on a connection that has already worked
                assert.equal((await send(kits[0])).status, status);
            });

    it("_meta.error_response replaces the body when Redis is down, too", async () => {
        const _meta = { error_response: { type: "error", message: "no", stacktrace: "" } };
        await configure("limit-conn", { ...CONN, ...shared(), redis_port: CLOSED_PORT, _meta });
        const answer = await send(kits[0]);
        assert.deepEqual([answer.status, JSON.parse(answer.text)], [500, _meta.error_response]);
    });

    it("count again from zero as soon as Redis is back", async () => {
        const { port } = redis;
        await configure("limit-count", { ...COUNT, count: 1, ...shared() });
        assert.deepEqual([(await send(kits[0])).status, (await send(kits[0])).status], [200, 429]);
        await redis.close();
        assert.equal((await send(kits[0])).status, 500);
        redis = await startRedis({ port, password: "sesame" });
        assert.deepEqual([(await send(kits[0])).status, (await send(kits[1])).status], [200, 429]);
    });

    it("use TLS with redis_ssl, and verify the certificate only with redis_ssl_verify", async () => {
        const made = await generate([{ name: "commonName", value: "localhost" }]);
        const proxy = createTlsServer({ key: made.private, cert: made.cert }, (socket) => {
            const inner = connect(redis.port, "127.0.0.1");
            socket.pipe(inner).pipe(socket);
            for (const end of [socket, inner]) end.on("error", () => undefined);
        });
        await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
        const conf = { ...COUNT, ...shared(), redis_port: (proxy.address() as AddressInfo).port, redis_ssl: true };
        await configure("limit-count", conf);
        assert.equal((await send(kits[0])).status, 200);
        await configure("limit-count", { ...conf, redis_ssl_verify: true });
        assert.equal((await send(kits[0])).status, 500);
        proxy.close();
    });
});

/** An upstream that answers when the test says so, and emits "progress" for each request. */
async function startWaitingUpstream() {
    const waiting: ServerResponse[] = [];
    const server = createServer((request: IncomingMessage, answer) => {
        request.resume();
        waiting.push(answer);
        server.emit("progress");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        server,
        waiting,
        nodes: { [`127.0.0.1:${(server.address() as AddressInfo).port}`]: 1 },
        answer: () => waiting.splice(0).forEach((answer) => answer.end("{}")),
        close: () => {
            server.close();
            server.closeAllConnections();
        },
    };
}
