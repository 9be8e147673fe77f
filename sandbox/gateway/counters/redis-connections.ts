/** Connections to the Redis servers of plugins: opened on demand, and closed at the first failure or when idle. */
import { Redis } from "ioredis";

/** A plugin's options for Redis. */
export interface RedisConf {
    redis_host: string;
    /** @default 6379 */
    redis_port?: number;
    /** Longest wait for a connection, and for each answer, in milliseconds. @default 1000 */
    redis_timeout?: number;
}

/**
 * Returns the port on 127.0.0.1 of the emulator that serves a host name or address of the cluster at the given port.
 * Undefined for a host outside of the cluster.
 * @throws Error if the cluster does not have the name, or no endpoint is behind it
 */
export type Resolve = (host: string, port: number) => number | undefined;

/** Lifetime of an idle connection, in milliseconds (redis_keepalive_timeout). */
const IDLE_MS = 10_000;

interface Idle {
    redis: Redis;
    timer: NodeJS.Timeout;
}

/** The server is unreachable, has not answered in time, or has answered with an error. */
export class RedisFailure extends Error {}

export class RedisConnections {
    /** Idle connections, by host and timeout. */
    private readonly idle = new Map<string, Idle[]>();
    private readonly running = new Set<Promise<unknown>>();
    private closed = false;

    constructor(private readonly resolve: Resolve) {}

    /** Waits for running commands and closes all connections. A later request opens a connection for its command only. */
    async close(): Promise<void> {
        this.closed = true;
        while (this.running.size > 0) await Promise.allSettled(this.running);
        for (const entries of this.idle.values()) for (const { redis } of entries) this.end(redis);
    }

    /** Runs `work` with a connection that no other request uses. @throws RedisFailure for every failure */
    use<T>(conf: RedisConf, work: (redis: Redis) => Promise<T>): Promise<T> {
        const run = this.onConnection(conf, work);
        this.running.add(run);
        const done = () => void this.running.delete(run);
        run.then(done, done);
        return run;
    }

    private async onConnection<T>(conf: RedisConf, work: (redis: Redis) => Promise<T>): Promise<T> {
        const name = JSON.stringify([conf.redis_host, conf.redis_port, conf.redis_timeout]);
        const kept = this.idle.get(name)?.pop();
        clearTimeout(kept?.timer);
        let redis = kept?.redis;
        try {
            redis ??= await this.open(conf);
            const result = await work(redis);
            this.keep(redis, name);
            return result;
        } catch (error) {
            redis?.disconnect(); // a late answer on a reused connection would reach another request
            throw new RedisFailure((error as Error).message);
        }
    }

    private async open({
        redis_host: host,
        redis_port = 6379,
        redis_timeout: timeout = 1000,
    }: RedisConf): Promise<Redis> {
        const emulated = this.resolve(host, redis_port);
        const redis = new Redis({
            host: emulated === undefined ? host : "127.0.0.1",
            port: emulated ?? redis_port,
            connectTimeout: timeout,
            commandTimeout: timeout,
            // the library neither retries, queues nor sends commands of its own, so every failure belongs to this request
            lazyConnect: true,
            retryStrategy: () => null,
            enableOfflineQueue: false,
            enableReadyCheck: false,
            disableClientInfo: true,
            disconnectTimeout: 0,
        });
        let reason: Error | undefined;
        redis.on("error", (error: Error) => (reason = error)); // the running command throws this error too
        redis.once("end", () => this.end(redis)); // the server may close an idle connection
        await redis.connect().catch((error: Error) => {
            throw reason ?? error; // the library's own error says only that the connection is closed
        });
        return redis;
    }

    private keep(redis: Redis, name: string): void {
        if (this.closed) return redis.disconnect();
        if (redis.status !== "ready") return; // the server has closed the connection right after its last answer
        const timer = setTimeout(() => this.end(redis), IDLE_MS);
        timer.unref();
        this.idle.set(name, [...(this.idle.get(name) ?? []), { redis, timer }]);
    }

    private end(redis: Redis): void {
        for (const [name, entries] of this.idle) {
            clearTimeout(entries.find((entry) => entry.redis === redis)?.timer);
            this.idle.set(
                name,
                entries.filter((entry) => entry.redis !== redis),
            );
        }
        redis.disconnect();
    }
}
