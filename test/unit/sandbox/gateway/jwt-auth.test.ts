/** Claim: where jwt-auth looks for a token, beyond what the recordings show. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { GOOD_BODY, Kit } from "./kit";
import { rawRequest } from "./raw-client";

const SECRET = "0123456789abcdef0123456789abcdef";

function token(key: string): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ typ: "JWT", alg: "HS256" })}.${part({ key })}`;
    return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

describe("gateway jwt-auth", () => {
    let kit: Kit;
    before(async () => {
        kit = await Kit.start();
        await kit.put("/consumers", { username: "alice" });
        await kit.put("/consumers/alice/credentials/a", { plugins: { "jwt-auth": { key: "a", secret: SECRET } } });
        await kit.put("/routes/r", { uri: "/completions", plugins: { "jwt-auth": {} }, upstream: kit.target });
    });
    after(() => kit.stop());

    const good = token("a");

    it("takes one jwt of the query", async () => {
        assert.equal((await kit.send(`/completions?jwt=${good}`)).status, 200);
    });

    for (const query of [`jwt=${good}&jwt=nope`, `jwt=nope&jwt=${good}`, `jwt=${good}&jwt=${good}`, "jwt"])
        it(`takes no token from ?${query.replaceAll(good, "GOOD")}`, async () => {
            const answer = await kit.send(`/completions?${query}`, { Cookie: `jwt=${good}` });
            assert.deepEqual([answer.status, answer.text], [401, '{"message":"JWT token invalid"}\n']);
        });

    for (const [cookies, status] of [
        [["x=1; jwt=GOOD; y=2"], 200],
        [["x=1;jwt=GOOD"], 200],
        [["jwt=GOOD rest"], 200],
        [["jwt=nope; jwt=GOOD"], 200],
        [["jwt=GOOD; jwt=nope"], 401],
        [["x=1", "jwt=GOOD"], 200],
        [["jwt = GOOD"], 401],
        [["xjwt=GOOD"], 401],
    ] as const)
        it(`answers ${status} to Cookie: ${cookies.join(" and ")}`, async () => {
            const body = Buffer.from(GOOD_BODY);
            const answer = await rawRequest(kit.gateway.port, {
                method: "POST",
                path: "/completions",
                headers: [
                    ["Host", "api.example.org"],
                    ["Connection", "close"],
                    ["Content-Length", String(body.length)],
                    ...cookies.map((text): [string, string] => ["Cookie", text.replace("GOOD", good)]),
                ],
                body,
            });
            assert.equal(answer.status, status);
        });
});
