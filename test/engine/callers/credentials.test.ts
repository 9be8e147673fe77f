// Proves how the gateway answers every form of credential, valid and invalid. The gateway is an emulator;
// the engine and the Kubernetes objects are real.
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { claimKey } from "../../../components/consumers/consumer";
import { call, failed, succeeded, takeAlpaRequests, type TestStack } from "../kit";
import { BROUGHT, NAMESPACE, pairs, SOON, useCallers } from "../kit/callers";
import { hs256, now, pair, signed, token } from "../kit/tokens";
import { rawRequest } from "../kit/raw-request";

/** The stack's credentials, by the names that the table rows use. */
interface Known {
    k1: string;
    k2: string;
    hs: string;
    hs2: string;
}
type Row = [what: string, headers: (k: Known) => Record<string, string>, status: number, path?: string];

const claims = (id: string, more: object = {}) => ({
    key: claimKey(NAMESPACE, "alice", id),
    exp: now() + 600,
    ...more,
});
const bearer = (text: string) => ({ Authorization: `Bearer ${text}` });
const encoded = (json: string) => Buffer.from(json).toString("base64url");
const none = () => ({});
const expired = signed("RS256", claims("rs256", { exp: now() - 1 }), pairs.RS256.privateKey);

const rows: Row[] = [
    ["no credential", none, 401],
    ["a key", (k) => ({ apikey: k.k1 }), 200],
    ["the second key of the same caller", (k) => ({ apikey: k.k2 }), 200],
    ["a key under an upper-case header name", (k) => ({ APIKEY: k.k1 }), 200],
    ["a brought key", () => ({ apikey: BROUGHT.kept }), 200],
    ["an empty key", () => ({ apikey: "" }), 401],
    ["a wrong key", () => ({ apikey: "not-a-key" }), 401],
    [
        "a key in the wrong case",
        (k) => ({ apikey: k.k1.toLowerCase() === k.k1 ? k.k1.toUpperCase() : k.k1.toLowerCase() }),
        401,
    ],
    ["a key without its last character", (k) => ({ apikey: k.k1.slice(0, -1) }), 401],
    ["a key with extra characters at its end", (k) => ({ apikey: `${k.k1}x` }), 401],
    ["a key after Bearer", (k) => ({ apikey: `Bearer ${k.k1}` }), 401],
    ["a key in Authorization", (k) => bearer(k.k1), 401],
    ["a key in a header with an underscore", (k) => ({ api_key: k.k1 }), 401],
    [
        "a key as the password of basic auth",
        (k) => ({ Authorization: `Basic ${Buffer.from(`a:${k.k1}`).toString("base64")}` }),
        401,
    ],
    ["a key in the query string", none, 401, "/completions?apikey=K1"],
    ["a key in the query string and in the header", (k) => ({ apikey: k.k1 }), 400, "/completions?apikey=K1"],
    ["a key in a cookie", (k) => ({ Cookie: `apikey=${k.k1}` }), 401],
    ["a token with Bearer", (k) => bearer(hs256(claims("hs"), k.hs)), 200],
    ["a token with bearer in lower case", (k) => ({ Authorization: `bearer ${hs256(claims("hs"), k.hs)}` }), 200],
    ["a token without Bearer", (k) => ({ Authorization: hs256(claims("hs"), k.hs) }), 200],
    [
        "a token of the second secret, during the overlap with the first",
        (k) => bearer(hs256(claims("hs2"), k.hs2)),
        200,
    ],
    ["a token signed with RS256", () => bearer(signed("RS256", claims("rs256"), pairs.RS256.privateKey)), 200],
    ["a token signed with ES256", () => bearer(signed("ES256", claims("es256"), pairs.ES256.privateKey)), 200],
    ["a token signed with EdDSA", () => bearer(signed("EdDSA", claims("eddsa"), pairs.EdDSA.privateKey)), 200],
    ["a token with BEARER in capitals", (k) => ({ Authorization: `BEARER ${hs256(claims("hs"), k.hs)}` }), 401],
    ["a token after two spaces", (k) => ({ Authorization: `Bearer  ${hs256(claims("hs"), k.hs)}` }), 401],
    ["an empty Authorization", () => ({ Authorization: "" }), 401],
    ["Bearer without a token", () => ({ Authorization: "Bearer " }), 401],
    ["no token at all", () => bearer("abc"), 401],
    ["a token that has expired", (k) => bearer(hs256(claims("hs", { exp: now() - 1 }), k.hs)), 401],
    ["a token of RS256 that has expired", () => bearer(expired), 401],
    ["a token whose exp is null", (k) => bearer(hs256(claims("hs", { exp: null }), k.hs)), 401],
    // APISIX checks only exp, which the route requires, so a future nbf has no effect.
    ["a token whose nbf is in the future", (k) => bearer(hs256(claims("hs", { nbf: now() + 600 }), k.hs)), 200],
    ["a token without exp", (k) => bearer(hs256({ key: claimKey(NAMESPACE, "alice", "hs") }, k.hs)), 401],
    ["a token whose exp is a string", (k) => bearer(hs256(claims("hs", { exp: `${now() + 600}` }), k.hs)), 401],
    ["a token with a wrong signature", (k) => bearer(hs256(claims("hs"), `${k.hs}x`)), 401],
    ["a token with the other credential's secret", (k) => bearer(hs256(claims("hs"), k.hs2)), 401],
    ["a token of an unknown credential", (k) => bearer(hs256(claims("unknown"), k.hs)), 401],
    ["a token without the claim that names its credential", (k) => bearer(hs256({ exp: now() + 600 }, k.hs)), 401],
    ["a token without a signature", () => bearer(token({ alg: "none" }, claims("hs"), () => Buffer.alloc(0))), 401],
    [
        "a token with algorithm none and a signature",
        () => bearer(token({ alg: "none" }, claims("hs"), () => Buffer.from("x"))),
        401,
    ],
    [
        "a forged token: HS256 signed with the public key of RS256",
        () => bearer(hs256(claims("rs256"), pairs.RS256.pem)),
        401,
    ],
    [
        "a forged token: the same key without its last line break",
        () => bearer(hs256(claims("rs256"), pairs.RS256.pem.trim())),
        401,
    ],
    [
        "a token signed with RS256 for a credential with HS256",
        () => bearer(signed("RS256", claims("hs"), pairs.RS256.privateKey)),
        401,
    ],
    [
        "a token signed with another caller's RS256 key",
        () => bearer(signed("RS256", claims("rs256"), pair("RS256").privateKey)),
        401,
    ],
    ...["null", "1", "[]"].flatMap((json): Row[] => [
        [`a token whose header is ${json}`, () => bearer(`${encoded(json)}.${encoded('{"key":"x"}')}.c2ln`), 401],
        [`a token whose claims are ${json}`, () => bearer(`${encoded('{"alg":"HS256"}')}.${encoded(json)}.c2ln`), 401],
    ]),
    ["a token in the query string", none, 401, "/completions?jwt=TOKEN"],
    ["a token under the query name of the route's config", none, 401, "/completions?never-in-the-query=TOKEN"],
    ["a token in a cookie", (k) => ({ Cookie: `jwt=${hs256(claims("hs"), k.hs)}` }), 401],
    [
        "a token under the cookie name of the route's config",
        (k) => ({ Cookie: `a=b; never-in-a-cookie=${hs256(claims("hs"), k.hs)}` }),
        401,
    ],
    ["a token in the apikey header", (k) => ({ apikey: hs256(claims("hs"), k.hs) }), 401],
    ["a valid key and a valid token", (k) => ({ apikey: k.k1, ...bearer(hs256(claims("hs"), k.hs)) }), 200],
    ["a valid key and an invalid token", (k) => ({ apikey: k.k1, ...bearer("abc") }), 200],
    ["an invalid key and a valid token", (k) => ({ apikey: "not-a-key", ...bearer(hs256(claims("hs"), k.hs)) }), 200],
    ["the name of a caller without a credential", () => ({ "X-Consumer-Username": "callers_alice" }), 401],
    ["the headers of a service token", () => ({ "CF-Access-Client-Id": "a", "CF-Access-Client-Secret": "b" }), 401],
];

describe("a caller's credential", () => {
    const callers = useCallers();
    let stack: TestStack;
    let known: Known;

    before(() => {
        const { credentials, jwtSecrets } = callers();
        stack = callers().stack;
        known = {
            k1: credentials["alice/k1"],
            k2: credentials["alice/k2"],
            hs: jwtSecrets["alice/hs"],
            hs2: jwtSecrets["alice/hs2"],
        };
        const keys = ["alice/k1", "alice/k2", "alice/soon", "bob/kept", "bob/leaked", "bob/own"];
        assert.deepEqual(Object.keys(credentials).sort(), keys, "an expired credential is removed");
    });

    for (const [what, headers, status, path = "/completions"] of rows)
        it(`${status === 200 ? "is accepted" : `is rejected with ${status}`}: ${what}`, async () => {
            takeAlpaRequests();
            const place = path.replace("K1", known.k1).replace("TOKEN", hs256(claims("hs"), known.hs));
            const answer = await ask(`/alpa${place}`, headers(known));
            assert.equal(answer.status, status, answer.body);
            assert.equal(answer.type, "application/json");
            const seen = takeAlpaRequests();
            assert.equal(seen.length, status === 200 ? 1 : 0);
            if (status === 200) {
                assert.equal(JSON.parse(answer.body).object, "text_completion");
                assert.equal(answer.challenge, undefined, "an answer says how to authenticate");
                const text = JSON.stringify(seen);
                for (const secret of [known.k1, known.k2, BROUGHT.kept, "eyJ"])
                    assert.ok(!text.includes(secret), "a credential reached Alpa");
                return;
            }
            const { type, stacktrace } = JSON.parse(answer.body);
            assert.deepEqual([type, stacktrace], ["error", ""]);
            if (status === 401) assert.ok(answer.challenge, "a 401 does not say how to authenticate");
        });

    it("that expires soon or has expired causes a warning in each run, and is in the outputs", () => {
        const { said, expires } = callers();
        assert.match(said, /consumers: alice\/soon expires in [45] days, on /);
        assert.match(
            said,
            /consumers: alice\/old expired on 2020-01-01: pulumi up deletes its secret for good, .*consumer revoke alice old/,
        );
        assert.equal(expires["alice/soon"], SOON);
    });

    it("that is a key identifies the caller, even next to another caller's token", async () => {
        const { url, credentials } = callers();
        const token = bearer(hs256(claims("hs"), known.hs));
        const limit = async (headers: Record<string, string>) =>
            (await call(url, { headers })).headers.get("x-ratelimit-limit");
        assert.equal(await limit({ apikey: credentials["bob/own"], ...token }), "777");
        assert.equal(await limit({ apikey: "not-a-key", ...token }), null, "bob's limit is not alice's");
    });

    it("gets the same 401 for every problem", async () => {
        // Compares the sorted fields, because the gateway does not keep their order.
        const sorted = (body: string) => JSON.stringify(Object.entries(JSON.parse(body) as object).sort());
        const bodies = new Set<string>();
        for (const [, headers, status, path] of rows)
            if (status === 401 && path === undefined)
                bodies.add(sorted((await ask("/alpa/completions", headers(known))).body));
        assert.equal(bodies.size, 1, [...bodies].join("\n"));
    });

    const status = async (headers: Record<string, string>) => (await ask("/alpa/completions", headers)).status;
    let whole: string;
    /** Writes the whole config with another entry of the leaked key, or without it. */
    const withLeaked = (more?: object) => {
        const file = parse(whole) as { config: Record<string, { credentials: object[] }[]> };
        const { credentials } = file.config["alpa-auth:consumers"][1];
        if (more === undefined) credentials.pop();
        else Object.assign(credentials.at(-1)!, more);
        writeFileSync(stack.file, stringify(file));
    };

    it("that is generated changes when its seed is replaced after a leak; of brought ones, only a removed one is revoked", async () => {
        whole = readFileSync(stack.file, "utf8");
        withLeaked();
        succeeded(await stack.up("--replace", "**::seed"));
        const { credentials, jwtSecrets } = Object.assign(callers(), await stack.outputs());
        const fresh = [credentials["alice/k1"], credentials["alice/k2"], jwtSecrets["alice/hs"]];
        for (const old of [known.k1, known.k2, known.hs]) assert.ok(!fresh.includes(old));
        assert.equal(await status({ apikey: fresh[0] }), 200);
        assert.equal(await status({ apikey: known.k1 }), 401);
        assert.equal(await status(bearer(hs256(claims("hs"), known.hs))), 401);
        assert.deepEqual(
            [await status({ apikey: BROUGHT.kept }), await status({ apikey: BROUGHT.leaked })],
            [200, 401],
        );
    });

    it("that a caller has brought stays revoked until the config confirms it", async () => {
        withLeaked({});
        const said = failed(await stack.up());
        const [, id] =
            /consumers: bob\/leaked: this stack has revoked its key on \S+, as bob\/leaked\..* readmit: (\S+) to/.exec(
                said,
            )!;
        assert.equal(
            await status({ apikey: BROUGHT.leaked }),
            401,
            "a run without a preview does not accept the key either",
        );
        withLeaked({ readmit: id });
        succeeded(await stack.up());
        assert.equal(await status({ apikey: BROUGHT.leaked }), 200);
    });

    const ask = (path: string, headers: Record<string, string>) => rawRequest(stack.nodePort, path, { headers });
});
