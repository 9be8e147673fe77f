// Proves that the TypeScript client reads what the stand-ins of gateway, Access and Alpa answer, for each way to
// authenticate and each method. Not that the real ones answer so: the stand-ins' own tests compare them with recordings.
import { strict as assert } from "node:assert";
import { SignJWT } from "jose";
import { ApiKey, Client, Jwt, ServiceToken, type Credential } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { World } from "../sandbox/cloudflare/edge/kit";
import { addRecord, addZone } from "../sandbox/cloudflare/edge/objects";
import { claim, KEY, LIMITED_KEY, PRIVATE_KEY, SECRET, startService, STRANGER_KEY, type Service } from "./kit";

type Type<T> = abstract new (...args: any[]) => T;

/** The error of a call; fails when there is none or another. */
async function fails<T extends Error>(type: Type<T>, call: Promise<unknown>): Promise<T> {
    const outcome = await call.then(
        (value) => assert.fail(`a result: ${JSON.stringify(value)}`),
        (error: unknown) => error,
    );
    assert.ok(outcome instanceof type, `${(outcome as Error).name}: ${(outcome as Error).message}`);
    return outcome;
}

describe("TypeScript client at the gateway", () => {
    let service: Service;
    before(async () => (service = await startService()));
    after(() => service.close());

    const client = (auth?: Credential, more: object = {}) => new Client({ url: service.url, auth, ...more });
    const ways: [name: string, make: () => Credential][] = [
        ["a key", () => new ApiKey(KEY)],
        ["tokens made from an HS256 secret", () => new Jwt({ key: claim("hs"), secret: SECRET })],
        ["tokens made from an RS256 key", () => new Jwt({ key: claim("rs"), privateKey: PRIVATE_KEY })],
    ];
    for (const [name, make] of ways) {
        it(`gets a completion with ${name}`, async () => {
            const { choices, object } = await client(make()).completions("Paris is", { maxTokens: 8 });
            assert.deepEqual([choices, object], [[{ text: "Paris is one two" }], "text_completion"]);
        });

        it(`gets log probabilities with ${name}, and goes on from them`, async () => {
            const first = await client(make()).logprobs([[5, 6, 7]], { topK: 3 });
            assert.equal(first.logprobs[0].length, 3);
            assert.equal(first.indices[0].length, 3);
            const next = await client(make()).logprobs([[5, 6, 7, 8]], { topK: 3, cacheId: first.cache_id });
            assert.equal(next.cache_id, first.cache_id);
        });
    }

    it("gets a completion with a token that is ready", async () => {
        const { choices } = await client(new Jwt({ token: await token(60) })).completions(["a", "b"], { echo: false });
        assert.equal(choices.length, 2);
    });

    it("never lets a credential reach Alpa", async () => {
        service.seen.length = 0;
        await client(new ApiKey(KEY)).completions("Paris is");
        await client(new Jwt({ key: claim("hs"), secret: SECRET })).completions("Paris is");
        const text = service.seen.map(({ headers, body }) => headers.join("\n") + body.toString()).join("\n");
        assert.equal(service.seen.length, 2);
        assert.doesNotMatch(text, new RegExp(`${KEY}|[Bb]earer|api_key`));
    });

    const wrong: [
        name: string,
        type: Type<errors.AlpaClientError>,
        auth: () => Promise<Credential> | Credential | undefined,
        status?: number,
    ][] = [
        ["no credential", errors.MissingCredentialError, () => undefined, 401],
        ["a wrong key", errors.InvalidCredentialError, () => new ApiKey("not-a-key"), 401],
        ["a wrong secret", errors.InvalidCredentialError, () => new Jwt({ key: claim("hs"), secret: "no" }), 401],
        ["a wrong claim key", errors.InvalidCredentialError, () => new Jwt({ key: "who", secret: SECRET }), 401],
        [
            "a token of another secret",
            errors.InvalidCredentialError,
            async () => new Jwt({ token: await token(900, "x") }),
            401,
        ],
        [
            "a token that ends in this minute",
            errors.ExpiredCredentialError,
            async () => new Jwt({ token: await token(-1) }),
            401,
        ],
        ["a caller of somebody else's", errors.NotAllowedError, () => new ApiKey(STRANGER_KEY), 403],
    ];
    for (const [name, type, auth, status] of wrong)
        for (const method of ["completions", "logprobs"] as const)
            it(`says what is wrong with ${name}, for ${method}`, async () => {
                const error = await fails(type, client(await auth())[method]("Paris is"));
                assert.equal(error.status, status);
                assert.match(error.requestId!, /^[0-9a-f-]{36}$/);
                assert.ok(error.nextStep.length > 10 && error.message.endsWith(error.nextStep));
            });

    it("refuses a token that is over before anything is sent", async () => {
        const over = await token(-61);
        assert.throws(() => new Jwt({ token: over }), errors.ExpiredCredentialError);
    });

    it("says what the guard refuses, and what address is wrong", async () => {
        const refused = await fails(errors.RequestRefusedError, client(new ApiKey(KEY)).completions(""));
        assert.equal(refused.status, 400);
        const big = await fails(errors.RequestRefusedError, client(new ApiKey(KEY)).completions("x".repeat(70_000)));
        assert.equal(big.status, 413);
        const astray = new Client({ url: `${service.url}/v1`, auth: new ApiKey(KEY) });
        assert.match((await fails(errors.RequestRefusedError, astray.completions("a"))).message, /404.*handout/);
    });

    it("passes on Alpa's own error with its stack trace", async () => {
        const error = await fails(errors.AlpaError, client(new ApiKey(KEY)).completions("a", { model: "other" }));
        assert.match(error.message, /Model 'other' is not registered/);
        assert.ok(error.stacktrace.length > 0);
    });

    it("says how long to wait when a limit is reached, and waits when it may", async () => {
        const once = client(new ApiKey(LIMITED_KEY), { maxAttempts: 1 });
        const call = () => once.completions("Paris is", { maxTokens: 8 });
        // The window begins with the first request that is counted.
        await Promise.all([call(), call()]);
        const error = await fails(errors.RateLimitedError, call());
        assert.equal(error.status, 429);
        assert.equal(error.retryAfterSeconds, 1);
        const { choices } = await client(new ApiKey(LIMITED_KEY)).completions("Paris is", { maxTokens: 8 });
        assert.equal(choices.length, 1);
    });

    it("says that the model is not reached", async () => {
        await service.put("/routes/away", {
            ...{ uri: "/away/completions", plugins: {} },
            upstream: { type: "roundrobin", nodes: { "127.0.0.1:1": 1 }, retries: 0 },
        });
        const away = new Client({ url: service.url.replace("/alpa", "/away"), auth: new ApiKey(KEY) });
        assert.equal((await fails(errors.ModelUnreachableError, away.completions("a"))).status, 502);
    });

    const token = (seconds: number, secret = SECRET) =>
        new SignJWT({ key: claim("hs") })
            .setProtectedHeader({ alg: "HS256" })
            .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
            .sign(new TextEncoder().encode(secret));
});

/** fetch sends no Host but that of the address: the name must lead here. */
const NAME = "localhost";

describe("TypeScript client at the edge", () => {
    for (const strict of [false, true])
        describe(strict ? "with strict service tokens" : "with classic service tokens", () => {
            let world: World;
            before(async () => {
                world = await World.start({}, {});
                world.account.organization.strict_service_token_auth = strict;
                addRecord(world.account, addZone(world.account, NAME), NAME, `${world.tunnel.id}.cfargotunnel.com`);
                await world.connect();
                world.respond = (_, answer) => answer.end('{"choices":[{"text":"Paris is one"}]}');
            });
            after(() => world.close());
            afterEach(() => world.account.applications.clear());

            const client = (auth?: Credential) => new Client({ url: `http://${NAME}:${world.edge.port}`, auth });
            const open = (change: object = {}, login = false) => {
                const token = world.token();
                const service = world.policy("non_identity", [{ service_token: { token_id: token.id } }]);
                const people = world.policy("allow", [{ everyone: {} }]);
                world.application(login ? [service, people] : [service], { domain: NAME, ...change });
                return { clientId: token.client_id, clientSecret: token.client_secret };
            };

            it("gets a completion with the two headers", async () => {
                const { choices } = await client(new ServiceToken(open())).completions("Paris is");
                assert.equal(choices[0].text, "Paris is one");
            });

            it("gets a completion with the single header", async () => {
                const pair = open({ read_service_tokens_from_header: "Authorization" });
                const auth = new ServiceToken({ ...pair, header: "Authorization" });
                assert.equal((await client(auth).completions("Paris is")).choices.length, 1);
            });

            it("tells no credential, a wrong one and one that no policy admits apart as far as the edge does", async () => {
                const pair = open();
                await fails(errors.MissingCredentialError, client().completions("a"));
                const wrong = client(new ServiceToken({ ...pair, clientSecret: "wrong-secret-wrong-secret" }));
                const type = strict ? errors.InvalidCredentialError : errors.NotAllowedError;
                const error = await fails<errors.AlpaClientError>(type, wrong.completions("a"));
                assert.doesNotMatch(error.message, /wrong-secret/);
                const other = world.token();
                const stranger = new ServiceToken({ clientId: other.client_id, clientSecret: other.client_secret });
                await fails(errors.NotAllowedError, client(stranger).completions("a"));
            });

            it("takes the login page for what it is", async () => {
                const pair = open({}, true);
                await fails(errors.MissingCredentialError, client().completions("a"));
                const wrong = new ServiceToken({ ...pair, clientSecret: "wrong" });
                const invalid = await fails(errors.InvalidCredentialError, client(wrong).completions("a"));
                assert.equal(invalid.status, strict ? 401 : 302);
                await fails(errors.EdgeLoginError, client(new ApiKey(KEY)).completions("a"));
            });

            it("says that a rule of the edge keeps it out, that there is no connector, and that time is over", async () => {
                const auth = new ServiceToken(open());
                world.respond = (_, answer) => answer.writeHead(524, { "Content-Type": "text/html" }).end("<html>");
                await fails(errors.AnswerTimeoutError, client(auth).completions("a"));
                world.respond = (_, answer) => answer.writeHead(530).end("error code: 1033");
                await fails(errors.ModelUnreachableError, client(auth).completions("a"));
                const blocked = { headers: { "CF-Ray": "1-AMS", "Content-Type": "text/plain" } };
                const robot = new Client({
                    url: "https://api.example.com",
                    auth,
                    fetch: async () => new Response("error code: 1010", { status: 403, ...blocked }),
                });
                assert.match((await fails(errors.NotAllowedError, robot.completions("a"))).message, /rule of the edge/);
            });
        });
});
