/**
 * Counters of the limit-* plugins with policy redis: in a Redis server, so that several gateways count together. As in APISIX
 * each decision is one Lua script in the server, called by its SHA-1 digest; its text is sent only if the server does not know
 * the digest. Facts: limit-count/util.lua and sliding-window/store/redis.lua, limit-conn/util.lua, limit-req/util.lua of
 * 3.18.0.
 */
import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { RedisConnections, type RedisConf, type Resolve } from "./redis-connections";

/**
 * Adds to the count of a window, or starts the window. ARGV: number to add, duration in seconds. Result: count, milliseconds
 * left.
 */
const COUNT = `
local left = redis.call("pttl", KEYS[1])
if left >= 0 then return {redis.call("incrby", KEYS[1], ARGV[1]), left} end
redis.call("set", KEYS[1], ARGV[1], "EX", ARGV[2])
return {tonumber(ARGV[1]), ARGV[2] * 1000}
`;

/**
 * Adds one to the count of a sliding window, unless this count plus the weighted count of the previous window reaches the
 * limit. ARGV: limit, duration of a window, seconds left in it, lifetime of the count, count of the previous window.
 */
const COUNT_IF = `
local limit, before = tonumber(ARGV[1]), math.min(tonumber(ARGV[5]), tonumber(ARGV[1]))
local alive = redis.call("pttl", KEYS[1]) >= 0
local count = alive and tonumber(redis.call("get", KEYS[1]) or 0) or 0
if count >= limit or before / ARGV[2] * ARGV[3] + count >= limit then return {0, count} end
if alive then return {1, redis.call("incrby", KEYS[1], 1)} end
redis.call("set", KEYS[1], 1, "EX", ARGV[4])
return {1, 1}
`;

/**
 * Takes a slot for a running request. ARGV: number of slots, lifetime of a slot in seconds, now in seconds, id of the request.
 * Result: whether a slot was free, number of taken slots.
 */
const ENTER = `
redis.call("zremrangebyscore", KEYS[1], 0, ARGV[3])
local taken = redis.call("zcard", KEYS[1])
if taken >= tonumber(ARGV[1]) then return {0, taken} end
redis.call("zadd", KEYS[1], ARGV[3] + ARGV[2], ARGV[4])
redis.call("expire", KEYS[1], ARGV[2])
return {1, taken + 1}
`;

/**
 * Adds a request to a leaky bucket. ARGV: rate in thousandths of a request per second, capacity in thousandths, now in
 * milliseconds, lifetime in seconds. Result: whether there was room, thousandths in the bucket.
 */
const POUR = `
local held = redis.call("hmget", KEYS[1], "excess", "last")
local excess = 0
if held[1] and held[2] then
  excess = math.max(held[1] - ARGV[1] * math.abs(ARGV[3] - held[2]) / 1000 + 1000, 0)
  if excess > tonumber(ARGV[2]) then return {0, tostring(excess)} end
end
redis.call("hset", KEYS[1], "excess", excess, "last", ARGV[3])
redis.call("expire", KEYS[1], ARGV[4])
return {1, tostring(excess)}
`;

type Word = string | number;

export class SharedCounters {
    private readonly connections: RedisConnections;

    constructor(resolve: Resolve) {
        this.connections = new RedisConnections(resolve);
    }

    /** Adds to the count of a time window. The first request starts the window. @param window duration in seconds */
    async count(conf: RedisConf, key: string, window: number, delta = 1): Promise<{ count: number; leftMs: number }> {
        const [count, leftMs] = await this.run(conf, COUNT, key, delta, window);
        return { count, leftMs };
    }

    /**
     * Adds one to the count of a sliding window, unless this count plus the weighted count of the previous window
     * reaches the limit.
     * @param left seconds until the end of the window
     * @param life lifetime of a new counter, in seconds
     */
    countIf(
        conf: RedisConf,
        [key, before]: [string, string],
        limit: number,
        { window, left, life }: { window: number; left: number; life: number },
    ): Promise<{ admitted: boolean; count: number; previous: number }> {
        return this.connections.use(conf, async (redis) => {
            const previous = Number((await redis.get(before)) ?? 0);
            const [admitted, count] = await script(redis, COUNT_IF, key, [limit, window, left, life, previous]);
            return { admitted: admitted === 1, count, previous };
        });
    }

    /**
     * Takes a slot for a request, unless `max` slots are taken. In the result, `open` is the number of taken slots, including
     * that of an admitted request.
     * @param life seconds after which the server frees the slot even if the gateway has crashed
     */
    async enter(
        conf: RedisConf,
        key: string,
        request: string,
        max: number,
        life: number,
    ): Promise<{ entered: boolean; open: number }> {
        const now = Math.floor(Date.now() / 1000);
        const [entered, open] = await this.run(conf, ENTER, key, max, life, now, request);
        return { entered: entered === 1, open };
    }

    leave(conf: RedisConf, key: string, request: string): Promise<void> {
        return this.connections.use(conf, async (redis) => void (await redis.zrem(key, request)));
    }

    /**
     * Adds a request to a bucket.
     * @param rate requests per second
     * @returns number of requests in the bucket; undefined if the bucket is full
     */
    async pour(conf: RedisConf, key: string, rate: number, burst: number): Promise<number | undefined> {
        const life = Math.ceil(burst / rate) + 1;
        const [poured, excess] = await this.run(conf, POUR, key, rate * 1000, burst * 1000, Date.now(), life);
        return poured === 1 ? excess / 1000 : undefined;
    }

    /** Waits for running commands and closes all connections. */
    close(): Promise<void> {
        return this.connections.close();
    }

    private run(conf: RedisConf, text: string, key: string, ...words: Word[]): Promise<[number, number]> {
        return this.connections.use(conf, (redis) => script(redis, text, key, words));
    }
}

async function script(redis: Redis, text: string, key: string, words: Word[]): Promise<[number, number]> {
    const digest = createHash("sha1").update(text).digest("hex");
    const reply = await redis.evalsha(digest, 1, key, ...words).catch((error: Error) => {
        if (!error.message.startsWith("NOSCRIPT")) throw error;
        return redis.eval(text, 1, key, ...words);
    });
    const [first, second] = reply as [Word, Word];
    return [Number(first), Number(second)];
}
