/** Proves that with `originRequest.access` the connector itself rejects requests without a valid JWT, like cloudflared. */
import assert from "node:assert/strict";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT, UnsecuredJWT } from "jose";
import { AccessCheck } from "../../../cloudflare/connector/access-check";
import { SigningKeys } from "../../../cloudflare/edge/access/keys";
import { createCertificate } from "../../../cloudflare/edge/certificate";
import { createTeamDomain } from "../../../cloudflare/edge/access/team-domain";
import { shows, World } from "../edge/kit";

const ISSUER = "https://sandbox.cloudflareaccess.com";
const AUD = "a".repeat(64);
const access = { required: true, teamName: "sandbox", audTag: ["b".repeat(64), AUD] };
const claims = (change: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return { type: "app", aud: [AUD], iss: ISSUER, iat: now, exp: now + 60, sub: "", ...change };
};

describe("cloudflared emulator: its own Access check", () => {
    let keys: SigningKeys;
    let others: SigningKeys;
    let teamDomain: Server;
    let check: AccessCheck;
    let fetched = 0;
    let now = Date.now();

    before(async () => {
        keys = await SigningKeys.create(() => new Date(now));
        others = await SigningKeys.create(() => new Date());
        teamDomain = createTeamDomain(keys, await createCertificate(["team.cloudflareaccess.com"])).plain;
        teamDomain.on("request", () => fetched++);
        await new Promise<void>((resolve) => teamDomain.listen(0, "127.0.0.1", resolve));
        const { port } = teamDomain.address() as AddressInfo;
        check = new AccessCheck(`http://127.0.0.1:${port}/cdn-cgi/access/certs`);
    });
    after((done) => {
        teamDomain.close(done);
        teamDomain.closeAllConnections();
    });
    const status = async (token: string | undefined, rule = access) => {
        const verdict = await check.verdict(rule, token);
        return verdict.pass ? 200 : verdict.status;
    };

    const tokens: [what: string, make: () => Promise<string | undefined>, status: number][] = [
        ["a good token", () => keys.sign(claims()), 200],
        ["no token", () => Promise.resolve(undefined), 403],
        ["a token for another application", () => keys.sign(claims({ aud: ["c".repeat(64)] })), 403],
        ["a token of another team", () => keys.sign(claims({ iss: "https://other.cloudflareaccess.com" })), 502],
        ["an expired token", () => keys.sign(claims({ exp: 1_700_000_000 })), 502],
        ["a token that never expires", () => keys.sign(claims({ exp: undefined })), 502],
        ["a token signed with another key", () => others.sign(claims()), 502],
        ["a token without a signature", () => Promise.resolve(new UnsecuredJWT(claims()).encode()), 502],
        [
            "a token signed with a shared secret",
            () => new SignJWT(claims()).setProtectedHeader({ alg: "HS256" }).sign(Buffer.alloc(32)),
            502,
        ],
        ["a text that is no token", () => Promise.resolve("not.a.jwt"), 502],
    ];
    for (const [what, make, expected] of tokens)
        it(`${what}: ${expected}`, async () => assert.equal(await status(await make()), expected));

    it("fetches the keys again for an unknown kid, and accepts the previous key for 7 days", async () => {
        const old = await keys.sign(claims());
        assert.equal(await status(old), 200);
        const before = fetched;
        await keys.rotate();
        assert.equal(await status(await keys.sign(claims())), 200);
        assert.equal(await status(old), 200);
        assert.equal(fetched, before + 1);
        now += 8 * 24 * 3600 * 1000;
        assert.deepEqual((await keys.published()).keys.length, 1);
    });

    it("keeps a key for 6 weeks", async () => {
        const kids = async () => (await keys.published()).keys.map((key) => key.kid);
        const [before] = await kids();
        now += 33 * 24 * 3600 * 1000; // the key is now 41 days old: 8 days in the previous test, and 33 here
        assert.equal((await kids())[0], before);
        now += 2 * 24 * 3600 * 1000;
        const [first, second] = await Promise.all([kids(), kids()]);
        assert.deepEqual(first, second);
        assert.deepEqual([first.length, first[1]], [2, before]);
    });
});

describe("cloudflared emulator: its own Access check in the tunnel", () => {
    let world: World;
    before(async () => {
        world = await World.start();
        world.configure({ ingress: [{ service: world.originUrl, originRequest: { access } }] });
        await world.connect();
    });
    after(() => world.close());
    beforeEach(() => {
        world.account.applications.clear();
        world.seen.length = 0;
        world.lines.length = 0;
    });
    const guarded = (aud = AUD) => {
        const token = world.token();
        world.application([world.policy("non_identity", [{ service_token: { token_id: token.id } }])], { aud });
        return { headers: shows(token) };
    };

    it("forwards what Access admitted to the right application, before and after the keys changed", async () => {
        const caller = guarded();
        assert.equal((await world.send(caller)).status, 200);
        await world.edge.rotateKeys();
        assert.equal((await world.send(caller)).status, 200);
    });

    it("answers 403 with an empty body when no application protects the name", async () => {
        const reply = await world.send({ headers: { "Cf-Access-Jwt-Assertion": "forged" } });
        assert.deepEqual([reply.status, reply.body, world.seen.length], [403, "", 0]);
        assert.match(world.lines.join(""), /filtered by middleware handler \(AccessJWTValidator\).*no access token/);
    });

    it("answers 403 when a bypass policy admitted the request, which then has no JWT", async () => {
        world.application([world.policy("bypass", [{ everyone: {} }])], { aud: AUD });
        assert.equal((await world.send()).status, 403);
    });

    it("answers 403 to the JWT of another application", async () => {
        assert.equal((await world.send(guarded("c".repeat(64)))).status, 403);
        assert.equal(world.seen.length, 0);
    });

    it("answers 502 when the JWT does not verify, here because of another team", async () => {
        const wrong = { ...access, teamName: "other" };
        world.configure({ ingress: [{ service: world.originUrl, originRequest: { access: wrong } }] });
        await world.until(() => world.connectors[0].stats.configVersion === world.tunnel.configuration?.version);
        const reply = await world.send(guarded());
        assert.deepEqual([reply.status, world.seen.length], [502, 0]);
        assert.match(reply.body, /^<!DOCTYPE html>/);
    });
});
