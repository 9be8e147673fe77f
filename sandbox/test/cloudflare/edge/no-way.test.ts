/** Proves what callers get when the origin is unreachable or overloaded. Not compared with the real edge. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { MAX_BODY } from "../../../cloudflare/edge/limits";
import { HOST, World } from "./kit";
import { addRecord, addTunnel, addZone } from "./objects";
import { readUntil, send } from "./send";

describe("Cloudflare edge without a working origin", () => {
    let world: World;
    before(async () => {
        world = await World.start();
        await world.connect();
    });
    after(() => world.close());
    beforeEach(() => void (world.seen.length = 0));
    const at = (hostname: string) => send(world.edge.port, { Host: hostname }, {});

    it("answers 503 with an empty body before there is an ingress rule", async () => {
        const tunnel = addTunnel(world.account);
        addRecord(world.account, world.zone, "new.example.com", `${tunnel.id}.cfargotunnel.com`);
        await world.connect(tunnel);
        const reply = await at("new.example.com");
        assert.deepEqual([reply.status, reply.body], [503, ""]);
    });

    it("answers 502 in HTML when the origin refuses the connection", async () => {
        const tunnel = addTunnel(world.account);
        addRecord(world.account, world.zone, "down.example.com", `${tunnel.id}.cfargotunnel.com`);
        const config = { ingress: [{ service: "http://127.0.0.1:1" }] };
        tunnel.configuration = { version: 1, config, created_at: world.account.stamp() };
        const connector = await world.connect(tunnel);
        const reply = await at("down.example.com");
        assert.equal(reply.status, 502);
        assert.match(reply.body, /^<!DOCTYPE html>[^]*502: Bad gateway/);
        assert.equal(connector.stats.requestErrors, 1);
        assert.match(world.lines.join(""), /ERR .*Unable to reach the origin service.*ECONNREFUSED 127\.0\.0\.1:1/);
    });

    it("answers 530 and 1033 when no connector is connected, or the tunnel is deleted", async () => {
        const tunnel = addTunnel(world.account);
        addRecord(world.account, world.zone, "lost.example.com", `${tunnel.id}.cfargotunnel.com`);
        const lost = async () => {
            const reply = await at("lost.example.com");
            assert.deepEqual([reply.status, reply.body], [530, "error code: 1033"]);
        };
        await lost();
        await world.connect(tunnel);
        tunnel.deleted_at = world.account.stamp();
        await lost();
        const html = await send(world.edge.port, { Host: "lost.example.com", Accept: "text/html" }, {});
        assert.match(html.body, /^<!DOCTYPE html>[^]*Error 1033/);
    });

    const names: [what: string, hostname: string, status: number, body: RegExp][] = [
        ["a name in no zone", "api.example.net", 409, /^error code: 1001$/],
        ["a name without a record", "none.example.com", 409, /^error code: 1001$/],
        ["an unproxied record", "grey.example.com", 409, /^error code: 1001$/],
        ["an address instead of a name", "127.0.0.1", 403, /^error code: 1003$/],
        ["a CNAME to a missing name", "nowhere.example.com", 530, /^error code: 1016$/],
        ["a proxied address record", "a.example.com", 501, /a proxied A record/],
        ["an unproxied address next to a proxied one", "half.example.com", 501, /a proxied A record/],
        ["a name of a pending zone", "api.pending.com", 409, /^error code: 1001$/],
        ["a name of a paused zone", "api.paused.com", 409, /^error code: 1001$/],
        ["a CNAME to a name of the account", "alias.example.com", 200, /hello/],
        ["a wildcard record", "some.wild.example.com", 200, /hello/],
        ["a name with a port, in capitals", "API.Example.com:443", 200, /hello/],
    ];
    for (const [what, hostname, status, body] of names)
        it(`answers ${status} to ${what}`, async () => {
            const { account, zone } = world;
            const target = `${world.tunnel.id}.cfargotunnel.com`;
            zone.certificate_packs[0].hosts.push("*.wild.example.com");
            addRecord(account, zone, "grey.example.com", target, { proxied: false });
            addRecord(account, zone, "nowhere.example.com", "app.example.org");
            addRecord(account, zone, "a.example.com", "192.0.2.1", { type: "A" });
            addRecord(account, zone, "half.example.com", "192.0.2.1", { type: "A", proxied: false });
            addRecord(account, zone, "half.example.com", "192.0.2.2", { type: "A" });
            addRecord(account, zone, "alias.example.com", HOST);
            addRecord(account, zone, "*.wild.example.com", target);
            addRecord(
                account,
                Object.assign(addZone(account, "pending.com"), { status: "pending" }),
                "api.pending.com",
                target,
            );
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
        assert.match(world.lines.join("\n"), /two\.levels\.example\.com has no active certificate/);
    });

    it("answers 413 to a body beyond the plan's limit, with or without Content-Length", async () => {
        const announced = connect(world.edge.port, "127.0.0.1");
        announced.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 500000001\r\n\r\n`);
        assert.match(await readUntil(announced, "\r\n"), /^HTTP\/1.1 413/);
        announced.destroy();
        const most = MAX_BODY.enterprise;
        MAX_BODY.enterprise = 10;
        const headers = { "Transfer-Encoding": "chunked" };
        const reply = await world.send({ method: "POST", headers, body: "a".repeat(11) });
        MAX_BODY.enterprise = most;
        assert.equal(reply.status, 413);
        assert.equal(world.seen.length, 0);
    });

    it("answers 414 to a URL above 16 KB, 400 to headers above 32 KB", async () => {
        assert.equal((await world.send({ path: `/${"a".repeat(16 * 1024)}` })).status, 414);
        assert.equal((await world.send({ headers: { "X-Long": "a".repeat(32 * 1024) } })).status, 400);
    });

    it("answers 501 with the name of what it does not emulate", async () => {
        const cdn = await world.send({ path: "/cdn-cgi/trace" });
        assert.deepEqual([cdn.status, /\/cdn-cgi\/trace/.test(cdn.body)], [501, true]);
        const socket = connect(world.edge.port, "127.0.0.1");
        socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
        assert.match(await readUntil(socket, "upgrades"), /^HTTP\/1.1 501/);
        socket.destroy();
    });
});
