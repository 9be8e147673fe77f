/**
 * Proves when the edge stops waiting for the origin. Not compared with the real edge. The connector is the real
 * cloudflared if ALPA_AUTH_REAL names it.
 */
import assert from "node:assert/strict";
import { World } from "./kit";

describe("Cloudflare edge: the read timeout", () => {
    let world: World;
    /**
     * Factor by which the edge's timeouts are shorter: 125 s become 600 ms. A smaller factor would fail on a busy
     * machine, where a byte can be 100 ms late or more.
     */
    const SCALE = 0.0048;
    before(async () => {
        world = await World.start({}, { scale: SCALE });
        await world.connectAny();
    });
    after(() => world.close());
    const silent = (milliseconds: number) => {
        world.respond = (_, answer) => void setTimeout(() => answer.end("late"), milliseconds);
    };

    it("answers 524 in HTML after 125 s without a byte", async () => {
        silent(1500);
        const started = Date.now();
        const reply = await world.send({ method: "POST", body: "{}" });
        assert.equal(reply.status, 524);
        assert.match(reply.body, /^<!DOCTYPE html>/);
        assert.ok(Date.now() - started >= 590, "not before the timeout");
    });

    it("can be longer on Enterprise, not on other plans", async () => {
        const setting = { value: 1000, modified_on: world.account.stamp() };
        world.zone.settings.set("proxy_read_timeout", setting);
        silent(1200);
        assert.equal((await world.send()).status, 200);
        world.account.setPlan(world.zone, "business");
        assert.equal((await world.send()).status, 524);
        world.zone.settings.clear();
        world.account.setPlan(world.zone, "enterprise");
    });

    /** Has the origin send eight bytes, one every 90 ms. @param type content type; with it, the answer has a Content-Length */
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

    it("restarts with each byte: a steady answer may take longer", async () => {
        trickle();
        assert.equal((await world.send()).body, "xxxxxxxx");
    });

    it("answers 524 to a slow answer with a length, which cloudflared buffers", async () => {
        trickle("application/json");
        assert.equal((await world.send()).status, 524);
    });

    it("does not end a stream with a length, which cloudflared forwards at each write", async () => {
        trickle("text/event-stream; charset=utf-8");
        assert.equal((await world.send()).body, "xxxxxxxx");
    });

    it("cuts an answer that stops in the middle", async () => {
        world.respond = (_, answer) => void answer.writeHead(200).write("half");
        await assert.rejects(world.send(), { code: "ECONNRESET" });
    });
});
