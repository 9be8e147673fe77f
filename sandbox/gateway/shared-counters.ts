/**
 * Counters of the limit-* plugins with policy redis: kept in a Redis server, so that several gateways count together.
 *
 * Where APISIX sends a Lua script, a transaction has the same effect here, on any Redis and on the stand-in: MULTI, and
 * WATCH where a decision lies between reading and writing. limit-req reads and writes without either, as in APISIX.
 */
import type { Redis } from "ioredis";
import { RedisConnections, type RedisConf, type Resolve } from "./redis-connections";

export class SharedCounters {
    private readonly connections: RedisConnections;

    constructor(resolve: Resolve) {
        this.connections = new RedisConnections(resolve);
    }

    /** Adds one to a window that begins with its first request. @param window seconds */
    count(conf: RedisConf, key: string, window: number): Promise<{ count: number; first: boolean; leftMs: number }> {
        return this.connections.use(conf, async (redis) => {
            const [begun, count, leftMs] = await transaction(
                redis.multi().set(key, 0, "EX", window, "NX").incrby(key, 1).pttl(key),
            );
            return { count: Number(count), first: begun === "OK", leftMs: Number(leftMs) };
        });
    }

    /**
     * Adds one to a counter if `admits` says so of what it and the one before it hold; nobody gets in between.
     * @param life seconds a new counter lives
     */
    countIf(
        conf: RedisConf,
        key: string,
        previousKey: string,
        life: number,
        admits: (count: number, previous: number) => boolean,
    ): Promise<{ admitted: boolean; count: number; previous: number }> {
        return this.connections.use(conf, async (redis) => {
            const previous = Number((await redis.get(previousKey)) ?? 0);
            for (;;) {
                await redis.watch(key);
                const count = Number((await redis.get(key)) ?? 0);
                if (!admits(count, previous)) {
                    await redis.unwatch();
                    return { admitted: false, count, previous };
                }
                const done = await transaction(redis.multi().set(key, 0, "EX", life, "NX").incrby(key, 1));
                if (done.length > 0) return { admitted: true, count: Number(done[1]), previous };
            }
        });
    }

    /**
     * Takes a place for a request unless `max` are taken; `open` counts this one too if it got in.
     * @param life seconds after which a place is free again whatever has become of its gateway
     */
    enter(
        conf: RedisConf,
        key: string,
        request: string,
        max: number,
        life: number,
    ): Promise<{ entered: boolean; open: number }> {
        return this.connections.use(conf, async (redis) => {
            for (;;) {
                const now = Math.floor(Date.now() / 1000);
                await redis.watch(key);
                const taken = await redis.zcount(key, `(${now}`, "+inf");
                if (taken >= max) {
                    await redis.unwatch();
                    return { entered: false, open: taken };
                }
                const done = await transaction(
                    redis
                        .multi()
                        .zremrangebyscore(key, 0, now)
                        .zadd(key, now + life, request)
                        .expire(key, life),
                );
                if (done.length > 0) return { entered: true, open: taken + 1 };
            }
        });
    }

    leave(conf: RedisConf, key: string, request: string): Promise<void> {
        return this.connections.use(conf, async (redis) => void (await redis.zrem(key, request)));
    }

    /** Puts what `next` makes of two numbers in their place, unless it makes nothing of them. */
    replace(
        conf: RedisConf,
        keys: [string, string],
        next: (old: [number, number] | undefined) => [number, number] | undefined,
    ): Promise<[number, number] | undefined> {
        return this.connections.use(conf, async (redis) => {
            const [first, second] = [await redis.get(keys[0]), await redis.get(keys[1])];
            const made = next(first === null || second === null ? undefined : [Number(first), Number(second)]);
            if (!made) return undefined;
            await redis.set(keys[0], made[0]);
            await redis.set(keys[1], made[1]);
            return made;
        });
    }

    /** Waits for what is under way and ends all connections. */
    close(): Promise<void> {
        return this.connections.close();
    }
}

/** Replies of a transaction; none at all when a watched key had changed. */
async function transaction(multi: ReturnType<Redis["multi"]>): Promise<unknown[]> {
    const replies = await multi.exec();
    return (replies ?? []).map(([error, reply]) => {
        if (error) throw error;
        return reply;
    });
}
