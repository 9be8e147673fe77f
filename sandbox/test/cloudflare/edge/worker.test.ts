// Proves how the edge runs a Worker: it runs after Access and only for its route, and the edge changes nothing else in
// the request and the answer.
import assert from "node:assert/strict";
import { seenHeader, shows, World } from "./kit";

describe("a Worker at the edge emulator", () => {
    let world: World;
    before(async () => {
        world = await World.start();
        await world.connect();
    });
    after(() => world.close());
    beforeEach(() => void (world.seen.length = 0));

    const post = () =>
        world.send({
            method: "POST",
            path: "/a?b=c",
            body: "x=1",
            headers: { "X-Any": ["1", "2"], "Content-Type": "text/plain" },
        });

    it("forwards a request unchanged, and adds the zone's name for the origin", async () => {
        world.worker("export default { fetch: (request) => fetch(request) };");
        world.respond = (_, answer) => answer.writeHead(201, { "X-Origin": "yes" }).end("made");
        const { status, headers, body } = await post();
        assert.deepEqual([status, headers["x-origin"], body], [201, "yes", "made"]);
        const [seen] = world.seen;
        assert.deepEqual([seen.method, seen.url, seen.body], ["POST", "/a?b=c", "x=1"]);
        assert.deepEqual(seenHeader(seen, "x-any"), ["1", "2"]);
        assert.deepEqual(seenHeader(seen, "cf-worker"), [world.zone.name]);
    });

    it("answers by itself without a request to the origin, only for its hostname, after Access and with its JWT", async () => {
        const script =
            'export default { fetch: (r) => new Response(String(r.headers.get("Cf-Access-Jwt-Assertion")).slice(0, 2), { status: 203 }) };';
        world.worker(script, "other.example.com/*");
        assert.equal((await world.send()).status, 201);
        world.worker(script);
        const token = world.token();
        world.application([world.policy("non_identity", [{ service_token: { token_id: token.id } }])]);
        const { status, body } = await world.send({ headers: shows(token) });
        assert.deepEqual([status, body], [203, "ey"]);
        assert.equal((await world.send()).status, 403);
        assert.equal(world.seen.length, 1);
        world.account.applications.clear();
    });
});
