/** Claim: what clients of Redis 7 rely on where the gateway's limits use it. The real one is not asked here. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { once } from "node:events";
import { startRedis, type RedisOptions, type RedisServer } from "../../../../sandbox/redis/server";
import { RawRedis, request } from "./kit";

describe("Redis stand-in", () => {
    let redis: RedisServer;
    let client: RawRedis;
    const start = async (options: Partial<RedisOptions> = {}) => {
        redis = await startRedis({ port: 0, ...options });
        client = await RawRedis.connect(redis.port);
    };
    afterEach(async () => {
        client.close();
        await redis.close();
    });

    const talks: [promise: string, exchange: [command: string, answer: string][]][] = [
        [
            "keeps texts and counts with them",
            [
                ["GET n", "$-1"],
                ["SET n 5", "+OK"],
                ["INCR n", ":6"],
                ["incrby n -7", ":-1"],
                ["GET n", "$2 -1"],
                ["DEL n m", ":1"],
                ["INCR n", ":1"],
                ["PING", "+PONG"],
                ["PING hello", "$5 hello"],
            ],
        ],
        [
            "sets only what is new with NX, and keeps the time to live of what it counts",
            [
                ["SET k 0 NX EX 100", "+OK"],
                ["SET k 9 NX EX 5", "$-1"],
                ["INCR k", ":1"],
                ["TTL k", ":100"],
                ["SET k 1", "+OK"],
                ["TTL k", ":-1"],
                ["EXPIRE k 50", ":1"],
                ["TTL k", ":50"],
                ["EXPIRE none 50", ":0"],
                ["PTTL none", ":-2"],
                ["PEXPIRE k 0", ":1"],
                ["GET k", "$-1"],
            ],
        ],
        [
            "keeps sorted sets by member",
            [
                ["ZADD z 1 a 2 b", ":2"],
                ["ZADD z 3 a", ":0"],
                ["ZCARD z", ":2"],
                ["ZCOUNT z (2 +inf", ":1"],
                ["ZREMRANGEBYSCORE z 0 2", ":1"],
                ["ZREM z a none", ":1"],
                ["ZCARD z", ":0"],
                ["TTL z", ":-2"],
            ],
        ],
        [
            "keeps its databases apart",
            [
                ["SET k zero", "+OK"],
                ["SELECT 3", "+OK"],
                ["GET k", "$-1"],
                ["SELECT 16", "-ERR DB index is out of range"],
                ["SELECT 0", "+OK"],
                ["GET k", "$4 zero"],
            ],
        ],
        [
            "carries out a transaction as a whole, without what failed in it",
            [
                ["MULTI", "+OK"],
                ["SET k a", "+QUEUED"],
                ["INCR k", "+QUEUED"],
                ["GET k", "+QUEUED"],
                ["EXEC", "*3 +OK -ERR value is not an integer or out of range $1 a"],
                ["EXEC", "-ERR EXEC without MULTI"],
            ],
        ],
        [
            "drops a transaction with a command it does not know, and one that was discarded",
            [
                ["MULTI", "+OK"],
                ["SET k a", "+QUEUED"],
                ["NOPE", "-ERR unknown command 'NOPE', with args beginning with:"],
                ["EXEC", "-EXECABORT Transaction discarded because of previous errors."],
                ["MULTI", "+OK"],
                ["SET k a", "+QUEUED"],
                ["DISCARD", "+OK"],
                ["GET k", "$-1"],
            ],
        ],
        [
            "refuses what it does not play in Redis's own words",
            [
                ["HELLO 3", "-ERR unknown command 'HELLO', with args beginning with: '3'"],
                ["EVAL return 0", "-ERR unknown command 'EVAL', with args beginning with: 'return' '0'"],
                ["constructor", "-ERR unknown command 'constructor', with args beginning with:"],
                ["GET", "-ERR wrong number of arguments for 'get' command"],
                ["PING a b", "-ERR wrong number of arguments for 'ping' command"],
                ["SET k v XX", "-ERR syntax error"],
                ["SET k v EX", "-ERR syntax error"],
                ["SET k v EX 0", "-ERR invalid expire time in 'set' command"],
                ["SET k v EX 0.5", "-ERR value is not an integer or out of range"],
                ["EXPIRE k 1 NX", "-ERR Unsupported option NX"],
                ["ZADD z one a", "-ERR value is not a valid float"],
                ["ZCOUNT z a b", "-ERR min or max is not a float"],
                ["ZADD z 1 a", ":1"],
                ["GET z", "-WRONGTYPE Operation against a key holding the wrong kind of value"],
                ["MULTI", "+OK"],
                ["WATCH z", "-ERR WATCH inside MULTI is not allowed"],
                ["MULTI", "-ERR MULTI calls can not be nested"],
            ],
        ],
    ];
    for (const [promise, exchange] of talks)
        it(promise, async () => {
            await start();
            const answers = await client.say(...exchange.map(([command]) => command));
            assert.deepEqual(
                exchange.map(([command], i) => [command, answers[i]]),
                exchange,
            );
        });

    it("forgets a key when its time is over", async () => {
        await start();
        const begin = Date.now();
        assert.deepEqual(await client.say("SET k v PX 30"), ["+OK"]);
        let answer = "";
        // asked again and again: nothing tells when a key goes
        while (answer !== "$-1") [answer] = await client.say("GET k");
        const passed = Date.now() - begin;
        assert.ok(passed >= 29 && passed < 20_000, `${passed} ms`); // and not 30 s
    });

    it("carries out no transaction when a watched key has changed, and does when it has not", async () => {
        await start();
        const other = await RawRedis.connect(redis.port);
        await client.say("SET k 1", "WATCH k");
        await other.say("INCR k");
        assert.deepEqual(await client.say("MULTI", "SET k 9", "EXEC", "GET k"), ["+OK", "+QUEUED", "*-1", "$1 2"]);

        await client.say("WATCH k");
        await other.say("INCR unrelated", "GET k");
        assert.deepEqual((await client.say("MULTI", "SET k 9", "EXEC"))[2], "*1 +OK");

        await client.say("WATCH k");
        await other.say("INCR k");
        assert.deepEqual((await client.say("UNWATCH", "MULTI", "SET k 1", "EXEC"))[3], "*1 +OK");
        other.close();
    });

    it("lets nobody in without the password, and tells nothing before it", async () => {
        await start({ password: "sesame" });
        assert.deepEqual(
            await client.say("GET k", "PING", "AUTH wrong", "AUTH other sesame", "GET k", "AUTH sesame", "GET k"),
            [
                "-NOAUTH Authentication required.",
                "-NOAUTH Authentication required.",
                "-WRONGPASS invalid username-password pair or user is disabled.",
                "-WRONGPASS invalid username-password pair or user is disabled.",
                "-NOAUTH Authentication required.",
                "+OK",
                "$-1",
            ],
        );
        const second = await RawRedis.connect(redis.port);
        assert.deepEqual(await second.say("GET k", "AUTH default sesame", "PING"), [
            "-NOAUTH Authentication required.",
            "+OK",
            "+PONG",
        ]);
        second.close();
    });

    it("says so when a password is given that nobody asked for", async () => {
        await start();
        const [answer] = await client.say("AUTH sesame");
        assert.match(answer, /^-ERR AUTH <password> called without any password configured for the default user\./);
    });

    it("takes requests in pieces and several at once, with any bytes in them", async () => {
        await start();
        const text = "\r\n*1\0\xff";
        const bytes = request(["SET", "k", text]) + request(["GET", "k"]);
        for (const byte of bytes) client.write(byte);
        assert.deepEqual(await client.say("PING"), ["+OK"]);
        client.write(request(["PING"]));
        const [value, pong] = [await client.say("PING"), await client.say("PING")];
        assert.deepEqual([value, pong], [["$6  *1\0\xff"], ["+PONG"]]);
    });

    it("ends a connection that does not speak its protocol", async () => {
        await start();
        client.write("GET / HTTP/1.1\r\n\r\n");
        assert.match(await client.untilClosed(), /^-ERR Protocol error: /);
    });

    it("accepts connections and never answers while it hangs", async () => {
        await start({ hanging: true });
        let hanging = true;
        const come = new Promise<void>((resolve) =>
            Object.defineProperty(redis, "hanging", { get: () => (resolve(), hanging) }),
        );
        client.write(request(["PING"]));
        await come;
        assert.equal(await client.within(50), "");
        hanging = false;
        // the first request was dropped: it is not answered late either
        assert.deepEqual(await client.say("PING second"), ["$6 second"]);
    });

    it("listens on 127.0.0.1 only", async () => {
        await start();
        const own = Object.values(networkInterfaces())
            .flat()
            .filter((address) => address?.family === "IPv4" && address.address !== "127.0.0.1");
        for (const address of own) {
            const socket = connect(redis.port, address?.address);
            const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
            assert.equal(error.code, "ECONNREFUSED");
        }
        assert.equal((await client.say("PING"))[0], "+PONG");
    });
});
