/**
 * Stand-in for Redis 7 as far as the gateway's shared limits need it: RESP2 over TCP, 16 databases, keys with a time to
 * live, transactions. Facts: the command reference of Redis 7; the replies to 163 requests were compared with those of
 * Redis 7.0.15 on 2026-11-25, and differ only in what stands below.
 *
 * Commands: AUTH, SELECT, PING, GET, SET (NX, EX, PX), INCR, INCRBY, DEL, EXPIRE, PEXPIRE, TTL, PTTL, ZADD, ZCARD, ZCOUNT,
 * ZREM, ZREMRANGEBYSCORE, MULTI, EXEC, DISCARD, WATCH, UNWATCH. Everything else gets Redis's own answer to what it does
 * not know: `-ERR unknown command …`, HELLO (RESP3), scripts and subscriptions included; inline commands, options not
 * named here and users other than `default` are errors too.
 *
 * Known differences: no TLS; nothing is written to a disk; integers end at 2^53, with "not an integer" beyond; clients
 * without the password may send as long requests as others; expired keys stay in memory until somebody looks for them.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Database } from "./database";
import { RedisError, RequestReader, encode } from "./resp";
import { Session } from "./session";

/** Default of redis.conf. */
const DATABASES = 16;

export interface RedisOptions {
    /** 0 = any free one. */
    port: number;
    /** Password of the default user (requirepass). @default none is asked for */
    password?: string;
    /** Accept connections and never answer. @default false */
    hanging?: boolean;
}

export interface RedisServer {
    port: number;
    /** May be changed while it runs: what comes in while it is true is never answered. */
    hanging: boolean;
    /** Ends every connection and forgets all keys. */
    close(): Promise<void>;
}

/** Listens on 127.0.0.1 only. */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
    const databases = Array.from({ length: DATABASES }, () => new Database());
    const open = new Set<Socket>();
    const server = createServer((socket) => {
        open.add(socket);
        const session = new Session(databases, options.password);
        const reader = new RequestReader();
        socket.setNoDelay(true);
        socket.on("error", () => undefined); // the client went away
        socket.once("close", () => {
            open.delete(socket);
            session.endWatch();
        });
        socket.on("data", (chunk) => {
            if (running.hanging) return;
            reader.add(chunk);
            try {
                for (let words = reader.next(); words; words = reader.next())
                    if (words.length > 0) socket.write(encode(session.answer(words)), "latin1");
            } catch (error) {
                if (!(error instanceof RedisError)) throw error;
                socket.end(encode(error), "latin1");
            }
        });
    });
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(options.port, "127.0.0.1", () => {
            server.off("error", reject);
            resolve();
        });
    });
    const running: RedisServer = {
        port: (server.address() as AddressInfo).port,
        hanging: options.hanging ?? false,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                for (const socket of open) socket.destroy();
            }),
    };
    return running;
}
