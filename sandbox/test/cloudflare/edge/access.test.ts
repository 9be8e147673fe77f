/**
 * Proves which requests pass Access, by the table access-cases.ts and the facts about service tokens. Not compared with the real
 * edge.
 */
import assert from "node:assert/strict";
import { CASES, serviceAuth, withAllow } from "./access-cases";
import { HOST, shows, World } from "./kit";

describe("Cloudflare edge: Access", () => {
    let world: World;
    const answers: { caller: string | null; status: number }[] = [];
    before(async () => {
        world = await World.start({}, { onAnswer: (answered) => void answers.push(answered) });
        await world.connect();
    });
    after(() => world.close());
    beforeEach(() => {
        world.account.applications.clear();
        world.account.policies.clear();
        world.account.serviceTokens.clear();
        world.account.organization.strict_service_token_auth = false;
        world.seen.length = 0;
    });

    for (const [what, the] of CASES)
        it(`answers ${the.status}: ${what}`, async () => {
            world.account.organization.strict_service_token_auth = the.strict ?? false;
            const token = world.token(the.token);
            world.application((the.policies ?? ((w, t) => [serviceAuth(w, t)]))(world, token), the.application);
            const headers = the.headers?.(token, world) ?? {};
            const reply = await world.send({ method: the.method, path: the.path, headers });
            assert.equal(reply.status, the.status, reply.body);
            assert.equal(world.seen.length, the.status === 200 ? 1 : 0, "only admitted requests reach the origin");
        });

    it("redirects to the team's login page, which looks like success to clients that follow", async () => {
        world.application(withAllow(world, world.token()));
        const { headers } = await world.send({ path: "/completions?x=1" });
        const location = new URL(String(headers.location));
        assert.equal(
            location.origin + location.pathname,
            `https://sandbox.cloudflareaccess.com/cdn-cgi/access/login/${HOST}`,
        );
        const followed = await fetch(`${new URL(world.edge.certsUrl).origin}${location.pathname}`);
        assert.equal(followed.status, 200);
        assert.match(await followed.text(), /^<!DOCTYPE html>/);
    });

    it("reports each answer, with the name of the caller", async () => {
        world.application([serviceAuth(world, world.token({ name: "nlp", client_id: "i", client_secret: "s" }))]);
        answers.length = 0;
        await world.send({ headers: { "CF-Access-Client-Id": "i", "CF-Access-Client-Secret": "s" } });
        await world.send();
        const expected = [
            { caller: "nlp", status: 200 },
            { caller: null, status: 403 },
        ];
        await world.until(() => answers.length === expected.length);
        assert.deepEqual(answers, expected);
    });

    it("selects the application with the longest path", async () => {
        const token = world.token();
        world.application([serviceAuth(world, token)]);
        world.application([world.policy("bypass", [{ everyone: {} }])], { domain: `${HOST}/healthz` });
        assert.equal((await world.send({ path: "/healthz" })).status, 200);
        assert.equal((await world.send({ path: "/completions" })).status, 403);
    });

    it("classic: sets a cookie that is accepted instead of the token, even after the token was revoked", async () => {
        const token = world.token();
        world.application([serviceAuth(world, token)]);
        const [cookie] = (await world.send({ headers: shows(token) })).headers["set-cookie"] as string[];
        assert.match(cookie, /^CF_Authorization=[^;]+; Path=\/; Max-Age=86400; Secure; HttpOnly$/);
        world.account.serviceTokens.delete(token.id);
        const replayed = { Cookie: `a=b; ${cookie.split(";")[0]}` };
        assert.equal((await world.send({ headers: replayed })).status, 200);
        assert.equal((await world.send({ headers: { Cookie: "CF_Authorization=a.b.c" } })).status, 403);
        world.account.organization.strict_service_token_auth = true;
        assert.equal((await world.send({ headers: replayed })).status, 403);
    });
});
