/** Claim: where jwt-auth looks for a token, beyond what the recordings show. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Kit } from "./kit";

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
});
