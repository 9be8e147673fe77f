/**
 * Counters of the limit-* plugins with policy redis: in a Redis server, so that several gateways count together. As in APISIX
 * each decision is one Lua script in the server. Facts: limit-count/util.lua, limit-conn/util.lua of 3.18.0.
 */
import { Redis } from "ioredis";

/** A plugin's options for Redis. */
export interface RedisConf {
    redis_host?: string;
    /** Longest wait for a connection, and for each answer, in milliseconds. @default 1000 */
    redis_timeout?: number;
}

/**
 * Returns the port on 127.0.0.1 of the emulator that serves a host name or address of the cluster at the given port.
 * Undefined for a host outside of the cluster.
 * @throws Error if the cluster does not have the name, or no endpoint is behind it
 */
export type Resolve = (host: string, port: number) => number | undefined;

/** The server is unreachable, has not answered in time, or has answered with an error. */
export class RedisFailure extends Error {}

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
 * Result: whether a slot was free.
 */
const ENTER = `
redis.call("zremrangebyscore", KEYS[1], 0, ARGV[3])
if redis.call("zcard", KEYS[1]) >= tonumber(ARGV[1]) then return {0} end
redis.call("zadd", KEYS[1], ARGV[3] + ARGV[2], ARGV[4])
redis.call("expire", KEYS[1], ARGV[2])
return {1}
`;

export class SharedCounters {
    /** One connection for each server, opened on demand. */
    private readonly connections = new Map<string, Redis>();
    private readonly running = new Set<Promise<unknown>>();

    constructor(private readonly resolve: Resolve) {}

    /** Adds to the count of a time window. The first request starts the window. @param window duration in seconds */
    async count(
        conf: RedisConf,
        key: string,
        window: number,
        delta: number,
    ): Promise<{ count: number; leftMs: number }> {
        const [count, leftMs] = await this.run(conf, (redis) => redis.eval(COUNT, 1, key, delta, window));
        return { count, leftMs };
    }

    /**
     * Takes a slot for a request, unless `max` slots are taken.
     * @param life seconds after which the server frees the slot even if the gateway has crashed
     */
    async enter(conf: RedisConf, key: string, request: string, max: number, life: number): Promise<boolean> {
        const now = Math.floor(Date.now() / 1000);
        const [entered] = await this.run(conf, (redis) => redis.eval(ENTER, 1, key, max, life, now, request));
        return entered === 1;
    }

    async leave(conf: RedisConf, key: string, request: string): Promise<void> {
        await this.run(conf, (redis) => redis.zrem(key, request));
    }

    /** Waits for running commands and closes all connections. */
    async close(): Promise<void> {
        while (this.running.size > 0) await Promise.allSettled(this.running);
        for (const redis of this.connections.values()) redis.disconnect();
    }

    /** @throws RedisFailure for every failure */
    private run(conf: RedisConf, command: (redis: Redis) => Promise<unknown>): Promise<number[]> {
        const run = (async () => command(this.connection(conf)))().catch((error: Error) => {
            throw new RedisFailure(error.message);
        });
        this.running.add(run);
        const done = () => void this.running.delete(run);
        run.then(done, done);
        return run as Promise<number[]>;
    }

    private connection({ redis_host: host = "", redis_timeout = 1000 }: RedisConf): Redis {
        const port = 6379;
        const emulated = this.resolve(host, port);
        const to = emulated === undefined ? { host, port } : { host: "127.0.0.1", port: emulated };
        const name = JSON.stringify([to, redis_timeout]);
        const known = this.connections.get(name);
        if (known && known.status !== "end") return known;
        const redis = new Redis({
            ...to,
            connectTimeout: redis_timeout,
            commandTimeout: redis_timeout,
            // a lost connection fails its commands, and the next request opens another one
            retryStrategy: () => null,
            enableReadyCheck: false,
            disableClientInfo: true,
            disconnectTimeout: 0,
        });
        redis.on("error", () => undefined); // the commands fail too
        this.connections.set(name, redis);
        return redis;
    }
}
