// Proves that the TypeScript client understands the answers of the emulators of gateway and Alpa, for each authentication
// method and each method. The emulators' own tests compare their answers with recordings.
import { strict as assert } from "node:assert";
import { SignJWT } from "jose";
import { ApiKey, Client, Jwt, type Credential } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { claim, KEY, LIMITED_KEY, PRIVATE_KEY, SECRET, startService, STRANGER_KEY, type Service } from "./kit";
import { Server } from "./typescript-server";

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

        it(`gets log probabilities with ${name}, and continues from them`, async () => {
            const first = await client(make()).logprobs([[5, 6, 7]], { topK: 3 });
            assert.equal(first.logprobs[0].length, 3);
            assert.equal(first.indices[0].length, 3);
            const next = await client(make()).logprobs([[5, 6, 7, 8]], { topK: 3, cacheId: first.cache_id });
            assert.equal(next.cache_id, first.cache_id);
        });
    }

    it("gets a completion with a finished token", async () => {
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
            "a token that has just expired",
            errors.ExpiredCredentialError,
            async () => new Jwt({ token: await token(-1) }),
            401,
        ],
        ["a caller of another stack", errors.NotAllowedError, () => new ApiKey(STRANGER_KEY), 403],
    ];
    for (const [name, type, auth, status] of wrong)
        for (const method of ["completions", "logprobs"] as const)
            it(`reports the problem with ${name}, for ${method}`, async () => {
                const error = await fails(type, client(await auth())[method]("Paris is"));
                assert.equal(error.status, status);
                assert.match(error.requestId!, /^[0-9a-f-]{36}$/);
                assert.ok(error.nextStep.length > 10 && error.message.endsWith(error.nextStep));
            });

    it("rejects an expired token before anything is sent", async () => {
        const over = await token(-61);
        assert.throws(() => new Jwt({ token: over }), errors.ExpiredCredentialError);
    });

    it("reports what the guard rejects, and a wrong address", async () => {
        const refused = await fails(errors.RequestRefusedError, client(new ApiKey(KEY)).completions(""));
        assert.equal(refused.status, 400);
        const big = await fails(errors.RequestRefusedError, client(new ApiKey(KEY)).completions("x".repeat(70_000)));
        assert.equal(big.status, 413);
        const astray = new Client({ url: `${service.url}/v1`, auth: new ApiKey(KEY) });
        assert.match((await fails(errors.RequestRefusedError, astray.completions("a"))).message, /404.*handout/);
    });

    it("treats an empty model name as none, like Alpa's client", async () => {
        const { choices } = await client(new ApiKey(KEY)).completions("Paris is", { maxTokens: 8, model: "" });
        assert.deepEqual(choices, [{ text: "Paris is one two" }]);
    });

    it("throws Alpa's own error with its stack trace", async () => {
        const error = await fails(errors.AlpaError, client(new ApiKey(KEY)).completions("a", { model: "other" }));
        assert.match(error.message, /Model 'other' is not registered/);
        assert.ok(error.stacktrace.length > 0);
    });

    it("reports how long to wait when a limit is reached, and waits when it may", async () => {
        const once = client(new ApiKey(LIMITED_KEY), { maxAttempts: 1 });
        const call = () => once.completions("Paris is", { maxTokens: 8 });
        // All at once: the window begins with the first counted request, and does not wait for answers.
        const ends = await Promise.allSettled([call(), call(), call()]);
        const refused = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
        assert.equal(refused.length, 1);
        const error = await fails(errors.RateLimitedError, Promise.reject(refused[0]));
        assert.equal(error.status, 429);
        assert.ok([1, 2].includes(error.retryAfterSeconds!), `${error.retryAfterSeconds} s`);
        const { choices } = await client(new ApiKey(LIMITED_KEY)).completions("Paris is", { maxTokens: 8 });
        assert.equal(choices.length, 1);
    });

    const at = (path: string, more: object = {}) =>
        new Client({ url: service.url.replace("/alpa", `/${path}`), auth: new ApiKey(KEY), ...more });

    for (const method of ["completions", "logprobs"] as const) {
        it(`reports that the model is not reached, for ${method}`, async () => {
            await service.open("away", { nodes: { "127.0.0.1:1": 1 } });
            const error = await fails(errors.ModelUnreachableError, at("away")[method]("Paris is"));
            assert.equal(error.status, 502);
        });

        it(`reports that the gateway timed out, for ${method}, and does not repeat the request`, async () => {
            const slow = await Server.start();
            slow.respond = () => undefined;
            try {
                const nodes = { [`127.0.0.1:${slow.port}`]: 1 };
                await service.open("slow", { nodes, timeout: { connect: 5, send: 5, read: 0.2 } });
                const error = await fails(errors.AnswerTimeoutError, at("slow")[method]("Paris is"));
                assert.deepEqual([error.status, slow.seen.length], [504, 1]);
            } finally {
                await slow.close();
            }
        });

        it(`retries when a drained gateway sends Retry-After, for ${method}, and otherwise reports the wait`, async () => {
            const drained = (seconds: string) => ({
                abort: { http_status: 503, headers: { "Retry-After": seconds }, body: '{"message":"drained"}' },
                _meta: { priority: 2380 },
            });
            await service.open("drained", {}, { "fault-injection": drained("120") });
            const error = await fails(errors.ModelUnreachableError, at("drained")[method]("Paris is"));
            assert.match(error.message, /503: "drained"/);
            assert.equal(error.retryAfterSeconds, 120);
            await service.open("drained", {}, { "fault-injection": drained("1") });
            const statuses: number[] = [];
            const onAnswer = async ({ status }: { status: number }) => {
                statuses.push(status);
                await service.open("drained");
            };
            assert.ok(await at("drained", { onAnswer })[method]("Paris is"));
            assert.deepEqual(statuses, [503, 200]);
        });
    }

    it("reports that a credential of another algorithm is not accepted", async () => {
        const auth = new Jwt({ key: claim("rs"), secret: SECRET });
        await fails(errors.InvalidCredentialError, client(auth).completions("Paris is"));
    });

    it("reports that a gateway does not read Alpa's own key", async () => {
        const error = await fails(
            errors.MissingCredentialError,
            client(undefined, { apiKey: "k" }).completions("Paris is"),
        );
        assert.match(error.nextStep, /apiKey is sent in the body/);
    });

    const token = (seconds: number, secret = SECRET) =>
        new SignJWT({ key: claim("hs") })
            .setProtectedHeader({ alg: "HS256" })
            .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
            .sign(new TextEncoder().encode(secret));
});
