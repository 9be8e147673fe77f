/**
 * Proves that several gateways with policy redis count together and exactly, and what callers get when Redis is down. Uses a
 * real Redis.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { SharedCounters } from "../../gateway/counters/shared-counters";
import { listen } from "../../processes/listen";
import { startRedis, type RedisServer } from "../../redis/server";
import { Kit, header } from "./kit";

type Json = Record<string, unknown>;

/** Names of the Redis servers, as in a cluster. */
const [HERE, AWAY] = ["counters.svc", "away.svc"];

describe("gateway limits shared through Redis", () => {
    let redis: RedisServer;
    let kits: Kit[];
    let upstream: Awaited<ReturnType<typeof startWaitingUpstream>>;
    const resolve = (host: string) => ({ [HERE]: redis.port, [AWAY]: 1 })[host];
    beforeEach(async () => {
        upstream = await startWaitingUpstream();
        redis = await startRedis({ port: 0 });
        kits = await Promise.all([Kit.start({ resolve }), Kit.start({ resolve })]);
    });
    afterEach(async () => {
        await Promise.all(kits.map((kit) => kit.stop()));
        await redis.close();
        await upstream.close();
    });

    // The default is 1 s, but on a busy machine a command sometimes takes 1 s.
    const SHARED = { policy: "redis", redis_host: HERE, redis_timeout: 20_000 };
    const COUNT = { count: 2, time_window: 600, key: "consumer_name", rejected_code: 429 };
    const CONN = { conn: 1, burst: 0, default_conn_delay: 0.1, key: "consumer_name", rejected_code: 429 };

    /** The same route and consumer on both gateways. */
    const configure = async (plugins: Json, nodes?: Json) => {
        for (const kit of kits) {
            await kit.put("/consumers", { username: "jack" });
            await kit.put("/consumers/jack/credentials/a", { plugins: { "key-auth": { key: "key-a" } } });
            await kit.put("/routes/r1", {
                uri: "/completions",
                plugins: { "key-auth": {}, ...plugins },
                upstream: nodes ? { ...kit.target, nodes } : kit.target,
            });
        }
    };
    const send = (kit: Kit) => kit.send("/completions", { apikey: "key-a" });
    const statuses = async (answers: ReturnType<typeof send>[]) => (await Promise.all(answers)).map((a) => a.status);
    const times = (status: number, all: number[]) => all.filter((s) => s === status).length;

    for (const [policy, conf, good] of [
        ["redis", SHARED, 7],
        ["local", {}, 14],
    ] as const)
        it(`limit-count with policy ${policy} lets its count through`, async () => {
            await configure({ "limit-count": { ...COUNT, count: 7, ...conf } });
            const answers = await statuses(Array.from({ length: 40 }, (_, i) => send(kits[i % 2])));
            assert.deepEqual([times(200, answers), times(429, answers)], [good, 40 - good]);
        });

    it("limit-count returns what is left over all gateways, and the end of the window", async () => {
        await configure({ "limit-count": { ...COUNT, ...SHARED } });
        for (const [i, expected] of [
            [0, [200, "1"]],
            [1, [200, "0"]],
            [0, [429, "0"]],
        ] as const) {
            const answer = await send(kits[i]);
            assert.deepEqual([answer.status, header(answer, "X-RateLimit-Remaining")], expected);
            const reset = Number(header(answer, "X-RateLimit-Reset"));
            assert.ok(reset > 590 && reset <= 600, String(reset));
        }
    });

    it("limit-count resets when the window ends, in Redis and in the gateway", async () => {
        for (const conf of [SHARED, {}]) {
            await configure({ "limit-count": { ...COUNT, count: 1, time_window: 1, ...conf } });
            const begin = Date.now();
            assert.equal((await send(kits[0])).status, 200);
            while ((await send(kits[0])).status !== 200);
            assert.ok(Date.now() - begin >= 990, `${Date.now() - begin} ms`);
        }
    });

    it("ai-rate-limiting counts the tokens of answers of both gateways", async () => {
        const pre_function = `return function(_, ctx)
            ctx.picked_ai_instance_name = "llm"
            ctx.ai_token_usage = { total_tokens = 5 }
        end`;
        const post = { phase: "header_filter", functions: ["return function() end"], _meta: { pre_function } };
        const limit = { limit: 10, time_window: 600, limit_strategy: "total_tokens", rejected_code: 429, ...SHARED };
        await configure({ "ai-rate-limiting": limit, "serverless-post-function": post });
        assert.equal((await send(kits[0])).status, 200);
        assert.equal((await send(kits[1])).status, 200);
        while ((await send(kits[0])).status !== 429); // tokens are counted shortly after the answer
        assert.equal((await send(kits[1])).status, 429);
    });

    it("limit-conn has exactly its number of slots over both gateways, and frees them", async () => {
        await configure({ "limit-conn": { ...CONN, conn: 3, ...SHARED } }, upstream.nodes);
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
        while ((await send(kits[1])).status !== 200); // a slot is freed shortly after the answer
    });

    it("limit-conn frees the slot of a crashed gateway after key_ttl, and not before", async () => {
        const counters = new SharedCounters(resolve);
        const enter = (request: string) => counters.enter(SHARED, "k", request, 1, 2);
        const begin = Date.now();
        assert.equal(await enter("of a gateway that crashes"), true);
        while (!(await enter("another")));
        assert.ok(Date.now() - begin > 1000, "slots expire at whole seconds");
        await counters.close();
    });

    for (const [plugin, conf] of Object.entries({
        "limit-count": { ...COUNT, count: 9 },
        "limit-conn": { ...CONN, conn: 9 },
    }))
        for (const [allow_degradation, status] of [
            [false, 500],
            [true, 200],
        ] as const)
            it(`${plugin} answers ${status} after authentication while Redis is away or hangs, and counts when it is back`, async () => {
                const using = (more: Json) =>
                    configure({ [plugin]: { ...conf, ...SHARED, allow_degradation, ...more } });
                await using({ redis_host: AWAY });
                assert.equal((await send(kits[0])).status, status);
                assert.equal((await kits[0].send("/completions")).status, 401);
                assert.match(kits[0].logged.join("\n"), /shared counters: /);
                await using({ redis_timeout: 1000 });
                assert.equal((await send(kits[0])).status, 200);
                redis.hang(true); // on a connection that has already worked
                const answer = await send(kits[0]);
                assert.equal(answer.status, status);
                assert.ok(answer.elapsedMs >= 990 && answer.elapsedMs < 20_000, `${answer.elapsedMs} ms`);
                redis.hang(false);
                assert.equal((await send(kits[0])).status, 200);
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
    const { port, close } = await listen(server);
    return {
        server,
        waiting,
        nodes: { [`127.0.0.1:${port}`]: 1 },
        answer: () => waiting.splice(0).forEach((answer) => answer.end("{}")),
        close,
    };
}
