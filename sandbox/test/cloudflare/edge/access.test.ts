/** Proves which requests pass Access: a table of credentials and policies in classic and in strict mode. Not compared with the real edge. */
import assert from "node:assert/strict";
import type { AccessApplication, AccessPolicy, ServiceToken } from "../../../cloudflare/account";
import { HOST, NEVER, shows, World } from "./kit";

interface Case {
    strict?: boolean;
    /** The only token that the policy names. */
    token?: Partial<ServiceToken>;
    /** Policies of the application. @default one that admits `token`, with action Service Auth */
    policies?: (world: World, token: ServiceToken) => AccessPolicy[];
    application?: Partial<AccessApplication>;
    headers?: (token: ServiceToken, world: World) => Record<string, string | string[]>;
    method?: string;
    path?: string;
    status: number;
}

const serviceAuth = (world: World, token: ServiceToken) =>
    world.policy("non_identity", [{ service_token: { token_id: token.id } }]);
const withAllow = (world: World, token: ServiceToken) => [
    serviceAuth(world, token),
    world.policy("allow", [{ everyone: {} }]),
];
const onlyAllow = (world: World, token: ServiceToken) => [
    world.policy("allow", [{ service_token: { token_id: token.id } }]),
];
const right = (token: ServiceToken) => shows(token);
const wrongSecret = (token: ServiceToken) => shows(token, "cfast_wrong");
const other = (_: ServiceToken, world: World) => shows(world.token());
const joint = (token: ServiceToken) =>
    JSON.stringify({ "cf-access-client-id": token.client_id, "cf-access-client-secret": token.client_secret });
const past = "2020-01-01T00:00:00Z";
const rotated = (until: string) => ({ previous_client_secret: "old", previous_client_secret_expires_at: until });
const old = (token: ServiceToken) => shows(token, "old");
const redirects401 = { service_auth_401_redirect: true };
const oneHeader = { read_service_tokens_from_header: "Authorization" };
const anyToken = (world: World) => [world.policy("non_identity", [{ any_valid_service_token: {} }])];
const everyone = (world: World, decision: AccessPolicy["decision"]) => world.policy(decision, [{ everyone: {} }]);

const CASES: [what: string, the: Case][] = [
    ["accepts a valid token", { headers: right, status: 200 }],
    ["strict: accepts a valid token", { strict: true, headers: right, status: 200 }],
    ["no credential, only Service Auth", { status: 403 }],
    ["strict: no credential, only Service Auth", { strict: true, status: 403 }],
    ["no credential, login allowed", { policies: withAllow, status: 302 }],
    ["strict: no credential, login allowed", { strict: true, policies: withAllow, status: 302 }],
    ["wrong secret, only Service Auth", { headers: wrongSecret, status: 403 }],
    ["wrong secret, login allowed", { headers: wrongSecret, policies: withAllow, status: 302 }],
    ["strict: wrong secret", { strict: true, headers: wrongSecret, status: 401 }],
    ["strict: wrong secret, login allowed", { strict: true, headers: wrongSecret, policies: withAllow, status: 401 }],
    ["disabled token", { token: { enabled: false }, headers: right, status: 403 }],
    ["strict: disabled token", { strict: true, token: { enabled: false }, headers: right, status: 401 }],
    ["expired token", { token: { expires_at: past }, headers: right, status: 403 }],
    ["strict: expired token", { strict: true, token: { expires_at: past }, headers: right, status: 401 }],
    ["valid token that no policy admits", { headers: other, status: 403 }],
    ["valid token that no policy admits, login allowed", { headers: other, policies: withAllow, status: 302 }],
    ["strict: valid token that no policy admits", { strict: true, headers: other, status: 403 }],
    ["a token in an Allow policy", { policies: onlyAllow, headers: right, status: 302 }],
    ["strict: a token in an Allow policy", { strict: true, policies: onlyAllow, headers: right, status: 403 }],
    ["the id without the secret", { headers: (t) => ({ "CF-Access-Client-Id": t.client_id }), status: 403 }],
    ["the secret without the id", { headers: (t) => ({ "CF-Access-Client-Secret": t.client_secret }), status: 403 }],
    ["strict: a repeated header", { strict: true, headers: (t) => repeated(t, t.client_secret), status: 401 }],
    ["a repeated header", { headers: (t) => repeated(t, "x"), status: 200 }],
    ["401 instead of the login", { policies: withAllow, application: redirects401, headers: wrongSecret, status: 401 }],
    ["401 for nothing shown", { application: redirects401, status: 401 }],
    [
        "403 for a Block policy, which never redirects",
        { policies: (w, t) => [serviceAuth(w, t), everyone(w, "deny")], application: redirects401, status: 403 },
    ],
    [
        "both parts in one header",
        { application: oneHeader, headers: (t) => ({ authorization: joint(t) }), status: 200 },
    ],
    ["two headers in addition to the one", { application: oneHeader, headers: right, status: 200 }],
    ["a bearer token", { application: oneHeader, headers: () => ({ authorization: "Bearer abc" }), status: 403 }],
    ["one header that is not named", { headers: (t) => ({ authorization: joint(t) }), status: 403 }],
    ["the secret before the last rotation until its date", { token: rotated(NEVER), headers: old, status: 200 }],
    ["the secret before the last rotation after its date", { token: rotated(past), headers: old, status: 403 }],
    ["the new secret during the overlap", { token: rotated(NEVER), headers: right, status: 200 }],
    ["the old one of a disabled token", { token: { ...rotated(NEVER), enabled: false }, headers: old, status: 403 }],
    ["any token of the account", { policies: anyToken, headers: other, status: 200 }],
    ["any token, but a wrong secret", { policies: anyToken, headers: wrongSecret, status: 403 }],
    [
        "a token that include admits, but require does not",
        {
            policies: (w, t) => [
                Object.assign(serviceAuth(w, t), { require: [{ service_token: { token_id: w.token().id } }] }),
            ],
            ...{ headers: right, status: 403 },
        },
    ],
    [
        "a token that include admits, and exclude too",
        {
            policies: (w, t) => [Object.assign(anyToken(w)[0], { exclude: [{ service_token: { token_id: t.id } }] })],
            ...{ headers: right, status: 403 },
        },
    ],
    ["bypass for everyone", { policies: (w) => [everyone(w, "bypass")], status: 200 }],
    [
        "Service Auth before Block",
        { policies: (w, t) => [everyone(w, "deny"), serviceAuth(w, t)], headers: right, status: 200 },
    ],
    [
        "Block even where login is allowed",
        { policies: (w) => [everyone(w, "deny"), everyone(w, "allow")], status: 403 },
    ],
    ["an application without policies", { policies: () => [], headers: right, status: 403 }],
    ["a path below the application's", { application: { domain: `${HOST}/v1` }, path: "/v1/completions", status: 403 }],
    ["a path outside the application's", { application: { domain: `${HOST}/v1` }, path: "/v10", status: 200 }],
    [
        "the path written with dots, doubled slashes and escapes",
        { application: { domain: `${HOST}/v1` }, path: "/x/..//%76%31/completions", status: 403 },
    ],
];

function repeated(token: ServiceToken, second: string): Record<string, string | string[]> {
    const secrets = [token.client_secret, second];
    return { "CF-Access-Client-Id": token.client_id, "CF-Access-Client-Secret": secrets };
}

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
