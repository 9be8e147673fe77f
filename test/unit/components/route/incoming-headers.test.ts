// Proves how the gateway handles headers and tokens of a request before authentication. APISIX is an emulator. The
// engine test of the route proves the same with the real APISIX.
import { strict as assert } from "node:assert";
import { createHmac } from "node:crypto";
import { alpaChain } from "../../../../components/route/plugin-chain";
import { header, Kit } from "../../../../sandbox/test/gateway/kit";
import { GUARD } from "./guard-settings";

const SECRET = "0123456789abcdef0123456789abcdef";
const HEADER = '{"alg":"HS256"}';

function token(head: string, claims: string): string {
    const signed = [head, claims].map((text) => Buffer.from(text).toString("base64url")).join(".");
    return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

describe("the headers of a request to Alpa", () => {
    let kit: Kit;
    const claims = JSON.stringify({ key: "token", exp: Math.floor(Date.now() / 1000) + 3600 });
    const good = token(HEADER, claims);
    const ask = (headers: Record<string, string>, path = "/alpa/completions") =>
        kit.send(path, { "Content-Type": "application/json", ...headers });

    before(async () => {
        kit = await Kit.start();
        const credentials = { "key-auth": { key: "good" }, "jwt-auth": { key: "token", secret: SECRET } };
        await kit.put("/consumers", { username: "alpa_alice" });
        for (const [name, conf] of Object.entries(credentials))
            await kit.put(`/consumers/alpa_alice/credentials/${name}`, { plugins: { [name]: conf } });
        await kit.put("/routes/r", {
            uri: "/alpa/completions",
            plugins: Object.fromEntries(alpaChain("/completions", "alpa", GUARD).map((p) => [p.name, p.config])),
            upstream: kit.target,
        });
    });
    after(() => kit.stop());

    for (const prefix of ["Bearer ", "bearer ", "", "Bearer ."])
        it(`with a valid token reach Alpa: "${prefix}…"`, async () => {
            const { status, text } = await ask({ Authorization: `${prefix}${good}` });
            assert.equal(status, 200, text);
        });

    const noObjects = ["null", "true", "1", "-1", " null", "[]", '"text"', "false", ""];
    for (const part of noObjects)
        it(`are rejected as unauthenticated with a token whose header or claims are ${JSON.stringify(part)}`, async () => {
            const expected = await ask({});
            for (const [head, body] of [
                [part, claims],
                [HEADER, part],
                [part, part],
            ])
                for (const prefix of ["Bearer ", "bearer ", "", "Bearer .."]) {
                    const answer = await ask({ Authorization: `${prefix}${token(head, body)}` });
                    assert.deepEqual([answer.status, answer.text.trim()], [401, expected.text.trim()]);
                    assert.equal(header(answer, "WWW-Authenticate"), 'Bearer realm="jwt"');
                    assert.equal(header(answer, "Content-Type"), "application/json");
                }
        });

    it("authenticate by the key alone where Authorization has another content", async () => {
        const { status, text } = await ask({ apikey: "good", Authorization: "Basic bm9ib2R5" });
        assert.equal(status, 200, text);
    });

    for (const name of ["never-in-a-cookie", "jwt", "", "="])
        it(`are rejected with a valid token in a cookie: "${name}"`, async () => {
            const { status } = await ask({ Cookie: `a=b; ${name}=${good}` });
            assert.equal(status, 401);
        });

    for (const name of ["never-in-the-query", "jwt", "apikey", "", "&"])
        for (const value of [good, "good"])
            it(`are rejected with a valid ${value === good ? "token" : "key"} in the query string: "${name}"`, async () => {
                const { status } = await ask({}, `/alpa/completions?a=b&${name}=${value}`);
                assert.equal(status, 401);
            });

    it("do not reach Alpa with an underscore in their name", async () => {
        kit.upstream.seen.length = 0;
        const sent = {
            X_Consumer_Username: "root",
            "X-Consumer_Username": "root",
            _: "root",
            x_x: "root",
            "X-Kept": "yes",
        };
        const { status, text } = await ask({ apikey: "good", ...sent });
        assert.equal(status, 200, text);
        const { headers } = kit.upstream.seen[0];
        assert.equal(headers["x-kept"], "yes");
        assert.deepEqual(
            Object.entries(headers).filter(([name, value]) => name.includes("_") || value === "root"),
            [],
        );
    });

    it("are rejected where plugins would not see all of them", async () => {
        const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-H${i}`, "1"]));
        // Plugins read at most 100 headers. These are 91, Host, Connection, Content-Length, Content-Type, apikey, and
        // four of APISIX.
        assert.equal((await ask({ apikey: "good", ...many(91) })).status, 200);
        const { status, text } = await ask({ apikey: "good", ...many(91), X_Consumer_Username: "root" });
        assert.equal(status, 400);
        assert.match(JSON.parse(text).message, /too many headers/);
    });
});
