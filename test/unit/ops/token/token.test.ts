// Proves the content of a token of `token issue` and where it is written. The engine test proves that the gateway accepts such a token.
import { strict as assert } from "node:assert";
import { readdirSync } from "node:fs";
import { decodeJwt, jwtVerify } from "jose";
import { bench, exits, SECRETS, STACK_FILE } from "../kit";

const ISSUE = ["token", "issue", "tokens", "hs"];
const secret = new TextEncoder().encode(SECRETS.jwt);

describe("ops token issue", () => {
    for (const [ttl, seconds] of [
        ["900", 900],
        ["30s", 30],
        ["15m", 900],
        ["24h", 86_400],
    ] as const)
        it(`signs a token for ${ttl}`, async () => {
            const { out } = await exits(0, bench().ops(...ISSUE, "--ttl", ttl));
            const { payload, protectedHeader } = await jwtVerify(out.trim(), secret, { algorithms: ["HS256"] });
            assert.deepEqual(protectedHeader, { alg: "HS256", typ: "JWT" });
            assert.deepEqual(Object.keys(payload).sort(), ["exp", "iat", "key"]);
            assert.equal(payload.key, "alpa-auth_tokens.hs");
            assert.equal(payload.exp! - payload.iat!, seconds);
            assert.ok(Math.abs(payload.iat! - Date.now() / 1000) < 60);
        });

    it("prints only the token, and writes the secret nowhere", async () => {
        const { ops, calls, folder } = bench();
        const { out, note } = await ops(...ISSUE, "--ttl", "1h");
        assert.match(out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
        assert.deepEqual(readdirSync(folder), ["Pulumi.intra.yaml"], "nothing is written");
        assert.ok(!(out + note + JSON.stringify(calls)).includes(SECRETS.jwt));
    });

    it("adds the given claims, and reads the namespace of the stack", async () => {
        const { ops } = bench({ text: STACK_FILE.replace("config:\n", "config:\n    alpa-auth:namespace: lab\n") });
        const { out } = await ops(...ISSUE, "--ttl", "60", "--claims", '{"job":"nightly"}');
        const { job, key } = decodeJwt(out.trim());
        assert.deepEqual([job, key], ["nightly", "lab_tokens.hs"]);
    });

    it("reports when the secret does not exist yet", async () => {
        const { note } = await exits(2, bench({ outputs: {} }).ops(...ISSUE, "--ttl", "60"));
        assert.match(note, /tokens\/hs: in the config, but not in the stack's outputs\. Run: pulumi up -s intra/);
    });
});
