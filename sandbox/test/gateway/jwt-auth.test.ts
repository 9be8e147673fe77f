/** Proves where jwt-auth searches for a token and how it parses one. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { GOOD_BODY, Kit } from "./kit";
import { rawRequest } from "./raw-client";

const SECRET = "0123456789abcdef0123456789abcdef";

const HEADER = '{"typ":"JWT","alg":"HS256"}';

/** @param encoding of header and claims. @default base64url */
function tokenOf(header: string, claims: string, encoding: "base64url" | "base64" = "base64url"): string {
    const signed = [header, claims].map((text) => Buffer.from(text).toString(encoding)).join(".");
    return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

const token = (key: string) => tokenOf(HEADER, JSON.stringify({ key }));

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

    const [head, body, signature] = good.split(".");
    const invalid = [401, '{"message":"JWT token invalid"}\n'] as const;
    const unverified = [401, '{"message":"failed to verify jwt"}\n'] as const;
    const noKey = [401, '{"message":"missing user key in JWT token"}\n'] as const;
    const unknown = [401, '{"message":"Invalid user key in JWT token"}\n'] as const;
    const forms: [what: string, text: string, expected: readonly [status: number, text?: string]][] = [
        ["a trailing dot", `${good}.`, [200]],
        ["two consecutive dots", `${head}..${body}.${signature}`, [200]],
        ["dots alone", "..", invalid],
        ["a fourth part", `${good}.x`, invalid],
        ["padding after every part", tokenOf(HEADER, '{"key":"a" }', "base64").replace(/$/, "="), [200]],
        ["anything after the signature's padding", `${good}=?`, [200]],
        ["standard base64 in the signature", `${head}.${body}.${signature.slice(0, -1)}+`, unverified],
        ["a character of no alphabet", `${head}.${body}!.${signature}`, invalid],
        ["a length base64 cannot have", `${head}.${body}.${signature}xx`, unverified],
        ["alg none with a signature", tokenOf('{"alg":"none"}', '{"key":"a"}'), unverified],
        ["a header that is text", tokenOf('"HS256"', '{"key":"a"}'), unverified],
        ["a header that is a number", tokenOf("1", '{"key":"a"}'), [500]],
        ["a header that is null, and empty claims", tokenOf("null", "{}"), [500]],
        ["a header that is false", tokenOf("false", '{"key":"a"}'), invalid],
        ["claims that are text", tokenOf(HEADER, '"a"'), noKey],
        ["claims in a list", tokenOf(HEADER, '["a"]'), noKey],
        ["claims that are a number", tokenOf(HEADER, "1"), [500]],
        ["claims that are null", tokenOf(HEADER, "null"), [500]],
        ["claims that are false", tokenOf(HEADER, "false"), invalid],
        ["claims that are not JSON", tokenOf(HEADER, "{"), invalid],
        ["claims with a number that only lua-cjson accepts", tokenOf(HEADER, '{"key":"a","x":0x1}'), [200]],
        ["exp NaN", tokenOf(HEADER, '{"key":"a","exp":NaN}'), unverified],
        ["a null key", tokenOf(HEADER, '{"key":null}'), unknown],
    ];
    for (const [what, text, [status, expected]] of forms)
        it(`answers ${status} to ${what}`, async () => {
            const answer = await kit.send("/completions", { Authorization: `Bearer ${text}` });
            assert.equal(answer.status, status, answer.text);
            if (expected !== undefined) assert.equal(answer.text, expected);
        });

    for (const [secret, status] of [
        ["YWI", 201],
        ["YWI=", 200],
        ["YWI=?", 200],
        ["YWJjZ", 400],
        ["YW-I", 400],
    ] as const)
        it(`answers ${status} to the base64 secret ${secret}`, async () => {
            const plugins = { "jwt-auth": { key: "b", secret, base64_secret: true } };
            assert.equal((await kit.admin("PUT", "/consumers/alice/credentials/b", { plugins })).status, status);
        });

    it("accepts one jwt in the query", async () => {
        assert.equal((await kit.send(`/completions?jwt=${good}`)).status, 200);
    });

    for (const query of [`jwt=${good}&jwt=nope`, `jwt=nope&jwt=${good}`, `jwt=${good}&jwt=${good}`, "jwt"])
        it(`accepts no token in ?${query.replaceAll(good, "GOOD")}`, async () => {
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
