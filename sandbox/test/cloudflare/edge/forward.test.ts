/**
 * Proves which requests the origin gets, and which answers callers get if the origin cannot answer. Not compared with
 * the real edge.
 * If ALPA_AUTH_REAL names cloudflared, the connector is the real program.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { HOST, seenHeader, shows, World } from "./kit";

describe("Cloudflare edge: to the origin and back", () => {
    let world: World;
    before(async () => {
        world = await World.start();
        await world.connectAny();
    });
    after(() => world.close());
    beforeEach(() => {
        world.account.applications.clear();
        world.seen.length = 0;
        world.respond = (_, answer) => answer.end("hello from the origin");
    });

    it("adds a JWT that names the caller, and verifies with the keys of the team's domain", async () => {
        const token = world.token();
        const policy = world.policy("non_identity", [{ service_token: { token_id: token.id } }]);
        const { aud } = world.application([policy], { session_duration: "2h" });
        await world.send({ headers: shows(token) });
        const [jwt] = seenHeader(world.seen[0], "Cf-Access-Jwt-Assertion");
        const issuer = "https://sandbox.cloudflareaccess.com";
        const keys = createRemoteJWKSet(new URL(world.edge.certsUrl));
        const { payload } = await jwtVerify(jwt, keys, { issuer, audience: aud, algorithms: ["RS256"] });
        assert.deepEqual(
            { ...payload, iat: 0, exp: (payload.exp ?? 0) - (payload.iat ?? 0) },
            { type: "app", aud: [aud], exp: 7200, iss: issuer, common_name: token.client_id, iat: 0, sub: "" },
        );
        assert.equal(decodeProtectedHeader(jwt).alg, "RS256");
    });

    it("removes the secrets, and forwards the client id", async () => {
        const token = world.token();
        const policy = world.policy("non_identity", [{ any_valid_service_token: {} }]);
        world.application([policy], { read_service_tokens_from_header: "Authorization" });
        await world.send({ headers: { ...shows(token), Authorization: "anything" } });
        assert.deepEqual(seenHeader(world.seen[0], "CF-Access-Client-Secret"), []);
        assert.deepEqual(seenHeader(world.seen[0], "Authorization"), []);
        assert.deepEqual(seenHeader(world.seen[0], "CF-Access-Client-Id"), [token.client_id]);
    });

    it("removes callers' headers with the edge's own names", async () => {
        const forged = {
            "Cf-Access-Jwt-Assertion": "forged",
            "Cf-Connecting-Ip": "1.2.3.4",
            "Cf-Access-Authenticated-User-Email": "a@example.com",
            "Cf-Ray": "forged",
            "X-Drop-Me": "1",
            Connection: "X-Drop-Me",
        };
        await world.send({ headers: forged });
        const [seen] = world.seen;
        assert.deepEqual(seenHeader(seen, "Cf-Access-Jwt-Assertion"), []);
        assert.deepEqual(seenHeader(seen, "Cf-Access-Authenticated-User-Email"), []);
        assert.deepEqual(seenHeader(seen, "Cf-Connecting-Ip"), ["127.0.0.1"]);
        assert.deepEqual(seenHeader(seen, "X-Drop-Me"), []);
        assert.match(seenHeader(seen, "Cf-Ray").join(), /^[0-9a-f]{16}-AUH$/);
    });

    it("forwards method, path, query and body byte for byte", async () => {
        const body = Buffer.from([0, 255, 13, 10, 128]);
        await world.send({ method: "PUT", path: "/a%2Fb//c?q=%20&q", body });
        const [seen] = world.seen;
        assert.deepEqual([seen.method, seen.url], ["PUT", "/a%2Fb//c?q=%20&q"]);
        assert.equal(seen.body, body.toString());
        assert.deepEqual(seenHeader(seen, "Content-Length"), ["5"]);
    });

    it("forwards a body of unknown length", async () => {
        await world.send({ method: "POST", headers: { "Transfer-Encoding": "chunked" }, body: "{}" });
        assert.deepEqual([world.seen[0].body, seenHeader(world.seen[0], "Transfer-Encoding")], ["{}", ["chunked"]]);
        await world.send({ method: "DELETE", headers: { "Transfer-Encoding": "chunked" }, body: "[]" });
        assert.equal(world.seen[1].body, "[]");
    });

    it("forwards the origin's answer unchanged, and adds the edge's headers", async () => {
        world.respond = (_, answer) => {
            answer.writeHead(400, [
                "server",
                "uvicorn",
                "X-Twice",
                "1",
                "X-Twice",
                "2",
                "content-type",
                "application/json",
            ]);
            answer.end('{"type":"error"}');
        };
        const { status, headers, body } = await world.send({ method: "POST" });
        assert.deepEqual([status, body, headers["x-twice"]], [400, '{"type":"error"}', "1, 2"]);
        assert.equal(headers.server, "cloudflare");
        assert.match(String(headers["cf-ray"]), /-AUH$/);
    });

    it("forwards a repeated header, but rejects a repeated header that Node.js can send only once", async () => {
        await world.send({ headers: { Apikey: ["one", "two"] } });
        assert.deepEqual(seenHeader(world.seen[0], "Apikey"), ["one", "two"]);
        const { status, body } = await world.send({ headers: { Authorization: ["Bearer one", "Bearer two"] } });
        assert.equal(status, 501);
        assert.match(body, /a repeated header that Node\.js can send only once: .*authorization/);
    });

    it("aborts the request to the origin when the caller disconnects", async () => {
        const gone = new Promise<void>((resolve) => {
            world.respond = (_, answer) => {
                answer.once("close", () => resolve());
                socket.destroy();
            };
        });
        const socket = connect(world.edge.port, "127.0.0.1");
        socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
        await gone;
    });
});
