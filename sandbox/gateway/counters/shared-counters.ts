/**
 * Counters of the limit-* plugins with policy redis: in a Redis server, so that several gateways count together. As in APISIX
 * each decision is one Lua script in the server, called by its SHA-1 digest; its text is sent only if the server does not know
 * the digest. Facts: limit-count/util.lua, limit-conn/util.lua of 3.18.0.
 */
import { createHash } from "node:crypto";
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
     * Takes a slot for a request, unless `max` slots are taken.
     * @param life seconds after which the server frees the slot even if the gateway has crashed
     */
    async enter(conf: RedisConf, key: string, request: string, max: number, life: number): Promise<boolean> {
        const [entered] = await this.run(conf, ENTER, key, max, life, Math.floor(Date.now() / 1000), request);
        return entered === 1;
    }

    leave(conf: RedisConf, key: string, request: string): Promise<void> {
        return this.connections.use(conf, async (redis) => void (await redis.zrem(key, request)));
    }

    /** Waits for running commands and closes all connections. */
    close(): Promise<void> {
        return this.connections.close();
    }

    private run(conf: RedisConf, text: string, key: string, ...words: (string | number)[]): Promise<[number, number]> {
        return this.connections.use(conf, async (redis) => {
            const digest = createHash("sha1").update(text).digest("hex");
            const reply = await redis.evalsha(digest, 1, key, ...words).catch((error: Error) => {
                if (!error.message.startsWith("NOSCRIPT")) throw error;
                return redis.eval(text, 1, key, ...words);
            });
            const [first, second] = reply as [number, number];
            return [Number(first), Number(second)];
        });
    }
}
