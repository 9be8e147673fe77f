// Proves features of the TypeScript client that the Python client does not have: a custom fetch function, the
// correction of clock differences, and a callback for each answer. client/corpus/attempts.json has the cases in which a
// request is repeated.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import * as http from "node:http";
import * as net from "node:net";
import { ApiKey, Client, Jwt, type Seen } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { JSON_TYPE, outcome, RESULT, says, Server, type Respond } from "./typescript-server";

/** Signatures with this key are random, so two equal tokens cannot have been created separately. */
const EC_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();
const good = says(200, JSON_TYPE, RESULT);

describe("TypeScript client, retries:", () => {
    let server: Server;
    before(async () => (server = await Server.start()));
    beforeEach(() => server.clear());
    after(() => server.close());
    const client = (more: object = {}) => new Client({ url: server.url, auth: new ApiKey("KEY-of-team"), ...more });
    const text = async (call: ReturnType<Client["completions"]>) => (await call).choices[0].text;

    it("gets the result of a server that starts between two attempts", async () => {
        const closed = net.createServer();
        await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
        const { port } = closed.address() as net.AddressInfo;
        await new Promise((resolve) => closed.close(resolve));
        const options = { url: `http://127.0.0.1:${port}`, auth: new ApiKey("KEY-of-team") };
        const call = new Client(options).completions("a");
        const late = http.createServer((_, response) => response.writeHead(200, JSON_TYPE).end(RESULT));
        await new Promise<void>((resolve) => late.listen(port, "127.0.0.1", resolve));
        assert.equal(await text(call), "one");
        await new Promise((resolve) => late.close(resolve));
    });

    it("decides by the error alone where the program uses its own fetch", async () => {
        const cases: [cause: object, sent: boolean][] = [
            [{ code: "ECONNREFUSED", syscall: "connect" }, false],
            [{ code: "ENOTFOUND", syscall: "getaddrinfo" }, false],
            [{ code: "ECONNRESET", syscall: "read" }, true],
            [{}, true],
        ];
        for (const [facts, sent] of cases) {
            let calls = 0;
            const fetch = async () => {
                calls++;
                throw new TypeError("fetch failed", { cause: Object.assign(new Error("no, KEY-of-team"), facts) });
            };
            const error = await outcome(client({ fetch, maxAttempts: 2 }).completions("a"));
            assert.ok(error instanceof errors.ConnectionFailedError);
            assert.deepEqual([error.sent, calls], [sent, sent ? 1 : 2]);
            assert.doesNotMatch(error.message, /KEY-of-team/);
        }
    });

    it("reports that a name does not resolve, and that nothing was sent", async () => {
        const nowhere = new Client({ url: "http://nowhere.invalid", maxAttempts: 1 });
        const error = await outcome(nowhere.completions("a"));
        assert.ok(error instanceof errors.ConnectionFailedError && !error.sent, String(error));
    });
});

describe("TypeScript client, tokens:", () => {
    let server: Server;
    let now: number;
    before(async () => (server = await Server.start()));
    beforeEach(() => {
        server.clear();
        now = 1_800_000_000_000;
    });
    after(() => server.close());
    const jwt = () =>
        new Jwt({ key: "ns_a.b", privateKey: EC_KEY, algorithm: "ES256", lifetimeSeconds: 200 }, { now: () => now });
    const claims = (token: string): { exp: number; iat: number } =>
        JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
    /** Answers like a gateway that checks tokens with a clock that is this many milliseconds ahead. */
    const clockAhead =
        (ahead: number): Respond =>
        (request, response, nth) => {
            const theirs = now + ahead;
            const { exp } = claims(request.headers.authorization!);
            const valid = exp * 1000 > theirs && exp * 1000 <= theirs + 260_000;
            const date = { Date: new Date(theirs).toUTCString() };
            says(valid ? 200 : 401, { ...JSON_TYPE, ...date }, valid ? RESULT : "{}")(request, response, nth);
        };

    it("makes one token for all calls that wait for it", async () => {
        server.respond = good;
        const client = new Client({ url: server.url, auth: jwt() });
        await Promise.all([client.completions("a"), client.completions("a")]);
        assert.equal(new Set(server.seen.map(({ headers }) => headers.authorization)).size, 1);
    });

    for (const [what, ahead] of [
        ["ahead", 600_000],
        ["behind", -600_000],
    ] as const)
        it(`goes by the gateway's clock when that is ${what}, and keeps the difference`, async () => {
            server.respond = clockAhead(ahead);
            const client = new Client({ url: server.url, auth: jwt() });
            await client.completions("a");
            await client.completions("a");
            assert.equal(server.seen.length, 3, "one refusal");
            server.clear();
            server.respond = clockAhead(0);
            await client.completions("a");
            assert.equal(server.seen.length, 2, "one refusal, also when the clock changes again");
        });

    it("goes by the gateway's clock in all calls that are rejected at the same time", async () => {
        server.respond = clockAhead(600_000);
        const client = new Client({ url: server.url, auth: jwt() });
        const calls = Array.from({ length: 5 }, () => client.completions("a"));
        for (const { choices } of await Promise.all(calls)) assert.equal(choices[0].text, "one");
        assert.ok(server.seen.length <= 10, `${server.seen.length} requests`);
    });

    it("counts the request that is repeated with the corrected clock as an attempt", async () => {
        server.respond = clockAhead(600_000);
        const auth = jwt();
        const once = new Client({ url: server.url, auth, maxAttempts: 1 });
        assert.ok((await outcome(once.completions("a"))) instanceof errors.InvalidCredentialError);
        assert.equal(server.seen.length, 1);
        await once.completions("a");
        assert.equal(server.seen.length, 2, "the next call knows the difference");
        server.clear();
        const ahead = clockAhead(-600_000);
        server.respond = (request, response, nth) =>
            nth === 1 ? ahead(request, response, nth) : says(429, { "Retry-After": "0" }, "")(request, response, nth);
        await outcome(new Client({ url: server.url, auth, maxAttempts: 2 }).completions("a"));
        assert.equal(server.seen.length, 2);
    });

    it("does not repeat a request when the clock does not explain the rejection", async () => {
        const dates = [undefined, now + 4000, now + 3_700_000];
        for (const date of dates) {
            server.clear();
            server.respond = (request, response, nth) => {
                response.sendDate = false;
                const headers = date === undefined ? {} : { Date: new Date(date).toUTCString() };
                says(401, headers, "{}")(request, response, nth);
            };
            const error = await outcome(new Client({ url: server.url, auth: jwt() }).completions("a"));
            assert.ok(error instanceof errors.InvalidCredentialError);
            assert.equal(server.seen.length, 1);
        }
        server.clear();
        server.respond = says(401, { Date: new Date(now + 600_000).toUTCString() }, "{}");
        const wrong = await outcome(new Client({ url: server.url, auth: jwt() }).completions("a"));
        assert.ok(wrong instanceof errors.InvalidCredentialError);
        assert.equal(server.seen.length, 2, "rejected by the right clock too");
    });
});

describe("TypeScript client, the callback for answers", () => {
    let server: Server;
    before(async () => (server = await Server.start()));
    beforeEach(() => server.clear());
    after(() => server.close());

    it("gets status, headers and time of each, without cookies", async () => {
        const more = { Server: "APISIX/3.18.0", "Set-Cookie": "CF_Authorization=x" };
        const told: Seen[] = [];
        const now = 1_800_000_000_000;
        const auth = new Jwt({ key: "k", secret: "s".repeat(32) }, { now: () => now });
        server.respond = (request, response, nth) => {
            const date = new Date(now + 600_000).toUTCString();
            const status = [401, 429, 200][nth - 1];
            says(status, { ...more, Date: date, "Retry-After": "0" }, RESULT)(request, response, nth);
        };
        await new Client({ url: server.url, auth, onAnswer: (one) => told.push(one) }).completions("a");
        assert.deepEqual(
            told.map(({ status }) => status),
            [401, 429, 200],
        );
        const repeats = says(200, { ...JSON_TYPE, "X-Sent": "KEY-of-team" }, RESULT);
        server.respond = repeats;
        const onAnswer = ({ headers }: Seen) => {
            assert.equal(headers.get("x-sent"), "***");
            headers.set("retry-after", "0");
            told.push({ status: 0, headers, milliseconds: 0 });
        };
        const key = new ApiKey("KEY-of-team");
        await new Client({ url: server.url, auth: key, onAnswer }).completions("a");
        assert.equal(told.pop()!.status, 0, "it was told");
        server.respond = says(429, { "X-Sent": "KEY-of-team" }, "");
        server.clear();
        const error = await outcome(new Client({ url: server.url, auth: key, onAnswer }).completions("a"));
        assert.deepEqual([error.retryAfterSeconds, server.seen.length], [undefined, 1], "the reported array is a copy");
        told.pop();
        for (const one of told) {
            assert.deepEqual(Object.keys(one), ["status", "headers", "milliseconds"]);
            assert.equal(one.headers.get("server"), "APISIX/3.18.0");
            assert.equal(one.headers.get("set-cookie"), null);
        }
    });

    for (const [how, onAnswer] of [
        [
            "throws",
            () => {
                throw new Error("no disk, KEY-of-team");
            },
        ],
        ["rejects", async () => Promise.reject(new Error("no disk, KEY-of-team"))],
    ] as const)
        it(`keeps the result and warns when the callback ${how}`, async () => {
            server.respond = good;
            const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
            const client = new Client({ url: server.url, auth: new ApiKey("KEY-of-team"), onAnswer });
            assert.equal((await client.completions("a")).choices[0].text, "one");
            const { name, message } = await warned;
            assert.deepEqual([name, message], ["OnAnswerWarning", "onAnswer failed: Error: no disk, ***"]);
        });
});
