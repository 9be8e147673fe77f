/** Claim: when the edge gives the origin up. The real edge is not asked; the connector is real with cloudflared in ALPA_AUTH_REAL. */
import assert from "node:assert/strict";
import { World } from "./kit";

describe("Cloudflare edge: the read timeout", () => {
    let world: World;
    /** 125 s become 600 ms: on a busy machine a byte comes 100 ms late, and more. */
    const SCALE = 0.0048;
    before(async () => {
        world = await World.start({}, { scale: SCALE });
        await world.connectAny();
    });
    after(() => world.close());
    const silent = (milliseconds: number) => {
        world.respond = (_, answer) => void setTimeout(() => answer.end("late"), milliseconds);
    };

    it("524 in HTML after 125 s without a byte", async () => {
        silent(1500);
        const started = Date.now();
        const reply = await world.send({ method: "POST", body: "{}" });
        assert.equal(reply.status, 524);
        assert.match(reply.body, /^<!DOCTYPE html>/);
        assert.ok(Date.now() - started >= 590, "not before the time");
    });

    it("Enterprise may wait longer, other plans may not", async () => {
        const setting = { value: 1000, modified_on: world.account.stamp() };
        world.zone.settings.set("proxy_read_timeout", setting);
        silent(1200);
        assert.equal((await world.send()).status, 200);
        world.account.setPlan(world.zone, "business");
        assert.equal((await world.send()).status, 524);
        world.zone.settings.clear();
        world.account.setPlan(world.zone, "enterprise");
    });

    /** Eight bytes, one every 90 ms; of a type they are announced by their number. */
    const trickle = (type?: string) => {
        world.respond = (_, answer) => {
            if (type) answer.writeHead(200, { "Content-Type": type, "Content-Length": 8 }).flushHeaders();
            let left = 8;
            const more = setInterval(() => {
                if (answer.destroyed) return clearInterval(more);
                answer.write("x");
                if (--left === 0) answer.end(() => clearInterval(more));
            }, 90);
        };
    };

    it("counts from the last byte: an answer that moves may take long", async () => {
        trickle();
        assert.equal((await world.send()).body, "xxxxxxxx");
    });

    it("524 for an answer with a length that trickles: cloudflared holds it back", async () => {
        trickle("application/json");
        assert.equal((await world.send()).status, 524);
    });

    it("not for a stream with a length: cloudflared passes that on at each write", async () => {
        trickle("text/event-stream; charset=utf-8");
        assert.equal((await world.send()).body, "xxxxxxxx");
    });

    it("breaks an answer off that falls silent in the middle", async () => {
        world.respond = (_, answer) => void answer.writeHead(200).write("half");
        await assert.rejects(world.send(), { code: "ECONNRESET" });
    });
});
