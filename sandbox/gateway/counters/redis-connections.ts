/** Connections to the Redis servers of plugins: opened on demand, kept for a while, closed at the first failure. */
import { Redis } from "ioredis";

/** A plugin's options for Redis, with defaults filled in. */
export interface RedisConf {
    redis_host: string;
    redis_port: number;
    redis_username?: string;
    redis_password?: string;
    redis_database: number;
    /** Longest wait for a connection, and for each answer, in milliseconds. */
    redis_timeout: number;
    redis_ssl?: boolean;
    redis_ssl_verify?: boolean;
    /** Lifetime of an idle connection, in milliseconds. */
    redis_keepalive_timeout: number;
    /** Largest number of idle connections. */
    redis_keepalive_pool: number;
}

/**
 * Returns the port on 127.0.0.1 of the emulator that serves a host name or address of the cluster at the given port.
 * Undefined for a host outside of the cluster.
 * @throws Error if the cluster does not have the name, or no endpoint is behind it
 */
export type Resolve = (host: string, port: number) => number | undefined;

interface Idle {
    redis: Redis;
    timer: NodeJS.Timeout;
}

/** The server is unreachable, has not answered in time, or has answered with an error. */
export class RedisFailure extends Error {}

export class RedisConnections {
    /** Idle connections, by the options of the plugin as text. */
    private readonly idle = new Map<string, Idle[]>();
    private readonly open = new Set<Redis>();
    private readonly running = new Set<Promise<unknown>>();
    private closed = false;

    constructor(private readonly resolve: Resolve) {}

    /**
     * Waits for running commands and closes all connections. If a later request needs a connection, it opens a new
     * connection, which is closed after the command.
     */
    async close(): Promise<void> {
        this.closed = true;
        while (this.running.size > 0) await Promise.allSettled(this.running);
        for (const redis of this.open) this.end(redis);
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
        const name = JSON.stringify([
            ...[conf.redis_host, conf.redis_port, conf.redis_username, conf.redis_password],
            ...[conf.redis_database, conf.redis_ssl, conf.redis_ssl_verify, conf.redis_timeout],
        ]);
        const kept = this.idle.get(name)?.pop();
        clearTimeout(kept?.timer);
        let redis = kept?.redis;
        try {
            redis ??= this.create(conf);
            if (!kept) await greet(redis, conf);
            const result = await work(redis);
            this.keep(redis, name, conf);
            return result;
        } catch (error) {
            if (redis) this.end(redis); // a late answer on a reused connection would reach another request
            throw new RedisFailure((error as Error).message);
        }
    }

    private create(conf: RedisConf): Redis {
        const emulated = this.resolve(conf.redis_host, conf.redis_port);
        const redis = new Redis({
            host: emulated === undefined ? conf.redis_host : "127.0.0.1",
            port: emulated ?? conf.redis_port,
            connectTimeout: conf.redis_timeout,
            commandTimeout: conf.redis_timeout,
            tls: conf.redis_ssl ? { rejectUnauthorized: conf.redis_ssl_verify ?? false } : undefined,
            // the library neither retries, queues nor sends commands of its own, so every failure belongs to this request
            lazyConnect: true,
            retryStrategy: () => null,
            enableOfflineQueue: false,
            enableReadyCheck: false,
            disableClientInfo: true,
            disconnectTimeout: 0,
        });
        this.open.add(redis);
        redis.on("error", () => undefined); // greet() or the running command throws this error too
        redis.once("end", () => this.end(redis)); // the server may close an idle connection
        return redis;
    }

    private keep(redis: Redis, name: string, conf: RedisConf): void {
        const entries = this.idle.get(name) ?? [];
        if (!this.open.has(redis)) return; // the server has closed the connection right after its last answer
        if (this.closed || entries.length >= conf.redis_keepalive_pool) return this.end(redis);
        const timer = setTimeout(() => this.end(redis), conf.redis_keepalive_timeout);
        timer.unref();
        entries.push({ redis, timer });
        this.idle.set(name, entries);
    }

    private end(redis: Redis): void {
        if (!this.open.delete(redis)) return;
        for (const entries of this.idle.values()) {
            const at = entries.findIndex((entry) => entry.redis === redis);
            if (at >= 0) clearTimeout(entries.splice(at, 1)[0].timer);
        }
        redis.disconnect();
    }
}

/** Connects, authenticates and selects the database, in APISIX's order. */
async function greet(redis: Redis, conf: RedisConf): Promise<void> {
    let reason: Error | undefined;
    redis.once("error", (error: Error) => (reason = error));
    await redis.connect().catch((error: Error) => {
        throw reason ?? error; // the library's own error says only that the connection is closed
    });
    if (conf.redis_password) {
        const user = conf.redis_username === undefined ? [] : [conf.redis_username];
        await redis.call("AUTH", ...user, conf.redis_password);
    }
    if (conf.redis_database !== 0) await redis.select(conf.redis_database);
}
