/** Proves what callers get if a host name has no tunnel, if the tunnel has no connector, or if the origin does not answer. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { MAX_BODY } from "../../../cloudflare/edge/forward";
import { HOST, World } from "./kit";
import { addRecord, addTunnel, addZone } from "./objects";
import { readUntil, send } from "./send";

describe("Cloudflare edge without a working origin", () => {
    let world: World;
    before(async () => {
        // 125 s become 600 ms. A smaller factor would fail on a busy machine, where a byte can be 100 ms late or more.
        world = await World.start({}, { scale: 0.0048 });
        await world.connect();
    });
    after(() => world.close());
    beforeEach(() => {
        world.seen.length = 0;
        world.respond = (_, answer) => answer.end("hello");
    });
    const at = (hostname: string) => send(world.edge.port, { Host: hostname }, {});

    it("answers 530 and 1033 without a connector, 503 without an ingress rule, 502 without an origin", async () => {
        const tunnel = addTunnel(world.account);
        addRecord(world.account, world.zone, "new.example.com", `${tunnel.id}.cfargotunnel.com`);
        const answer = async () => {
            const { status, body } = await at("new.example.com");
            return [status, body];
        };
        assert.deepEqual(await answer(), [530, "error code: 1033"]);
        const connector = await world.connect(tunnel);
        assert.deepEqual(await answer(), [503, ""]);
        tunnel.configuration = { version: 1, config: { ingress: [{ service: "http://127.0.0.1:1" }] } };
        world.account.changed("tunnel", tunnel.id);
        await world.until(() => connector.stats.configVersion === 1);
        const [status, body] = await answer();
        assert.equal(status, 502);
        assert.match(String(body), /^<!DOCTYPE html>[^]*502: Bad gateway/);
        tunnel.deleted_at = world.account.stamp();
        assert.deepEqual(await answer(), [530, "error code: 1033"]);
    });

    const names: [what: string, hostname: string, status: number, body: RegExp][] = [
        ["a name in no zone", "api.example.net", 409, /^error code: 1001$/],
        ["a name without a record", "none.example.com", 409, /^error code: 1001$/],
        ["an unproxied record", "grey.example.com", 409, /^error code: 1001$/],
        ["an address instead of a name", "127.0.0.1", 403, /^error code: 1003$/],
        ["a proxied address record", "a.example.com", 501, /a proxied A record/],
        ["a name of a pending zone", "api.pending.com", 409, /^error code: 1001$/],
        ["a name of a paused zone", "api.paused.com", 409, /^error code: 1001$/],
        ["a name with a port, in capitals", "API.Example.com:443", 200, /hello/],
    ];
    for (const [what, hostname, status, body] of names)
        it(`answers ${status} to ${what}`, async () => {
            const { account, zone } = world;
            const target = `${world.tunnel.id}.cfargotunnel.com`;
            addRecord(account, zone, "grey.example.com", target, { proxied: false });
            addRecord(account, zone, "a.example.com", "192.0.2.1", { type: "A" });
            const pending = Object.assign(addZone(account, "pending.com"), { status: "pending" as const });
            addRecord(account, pending, "api.pending.com", target);
            addRecord(
                account,
                Object.assign(addZone(account, "paused.com"), { paused: true }),
                "api.paused.com",
                target,
            );
            const reply = await at(hostname);
            assert.equal(reply.status, status, reply.body);
            assert.match(reply.body, body);
        });

    it("resets the connection for a name that the certificate does not cover", async () => {
        addRecord(world.account, world.zone, "two.levels.example.com", `${world.tunnel.id}.cfargotunnel.com`);
        await assert.rejects(at("two.levels.example.com"), { code: "ECONNRESET" });
    });

    it("rejects a body beyond the plan's limit, with or without Content-Length, a long URL and long headers", async () => {
        const announced = connect(world.edge.port, "127.0.0.1");
        announced.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 500000001\r\n\r\n`);
        assert.match(await readUntil(announced, "\r\n"), /^HTTP\/1.1 413/);
        announced.destroy();
        const most = MAX_BODY.enterprise;
        MAX_BODY.enterprise = 10;
        const headers = { "Transfer-Encoding": "chunked" };
        assert.equal((await world.send({ method: "POST", headers, body: "a".repeat(11) })).status, 413);
        MAX_BODY.enterprise = most;
        assert.equal((await world.send({ path: `/${"a".repeat(16 * 1024)}` })).status, 414);
        assert.equal((await world.send({ headers: { "X-Long": "a".repeat(32 * 1024) } })).status, 400);
        assert.equal(world.seen.length, 0);
    });

    it("answers 501 with the name of what it does not emulate", async () => {
        const cdn = await world.send({ path: "/cdn-cgi/trace" });
        assert.deepEqual([cdn.status, /\/cdn-cgi\/trace/.test(cdn.body)], [501, true]);
        const socket = connect(world.edge.port, "127.0.0.1");
        socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
        assert.match(await readUntil(socket, "upgrades"), /^HTTP\/1.1 501/);
        socket.destroy();
    });

    it("answers 524 after 125 s without a byte; only plan Enterprise can wait longer", async () => {
        world.respond = (_, answer) => void setTimeout(() => answer.end("late"), 1200);
        assert.equal((await world.send({ method: "POST", body: "{}" })).status, 524);
        world.zone.settings.proxy_read_timeout = 1000;
        assert.equal((await world.send()).status, 200);
        world.zone.plan = "business";
        assert.equal((await world.send()).status, 524);
        world.zone.plan = "enterprise";
        world.zone.settings = {};
    });
});
