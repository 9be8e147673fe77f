// Proves what the TypeScript client makes of servers that misbehave: a typed error, no redirect followed, nothing sent twice
// that may have been worked on, no secret in any error, and an end to every wait.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import * as http from "node:http";
import * as net from "node:net";
import { inspect } from "node:util";
import { ApiKey, Client, Jwt, ServiceToken } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";

/** No two signatures of such a key are the same: what is equal was made once. */
const EC_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();

const KEY = "KEY-that-nobody-may-see";
const RESULT = '{"id":"i","object":"text_completion","created":1,"choices":[{"text":"one"}]}';
const JSON_TYPE = { "Content-Type": "application/json" };

type Play = (request: http.IncomingMessage, response: http.ServerResponse, nth: number) => void;

describe("TypeScript client at a server that misbehaves", () => {
    let server: http.Server;
    let url: string;
    let play: Play;
    let seen: http.IncomingMessage[] = [];
    let connections = 0;

    before(async () => {
        server = http.createServer((request, response) => {
            request.resume();
            request.on("end", () => play(request, response, seen.push(request)));
        });
        server.on("connection", () => connections++);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    });
    beforeEach(() => {
        seen = [];
        connections = 0;
    });
    after(async () => {
        await new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
        });
    });

    const client = (more: object = {}) => new Client({ url, auth: new ApiKey(KEY), ...more });
    const outcome = (call: Promise<unknown>) =>
        call.then(
            (value): never => assert.fail(`a result: ${JSON.stringify(value)}`),
            (error: errors.AlpaClientError) => error,
        );
    const says =
        (status: number, headers: object, body: string): Play =>
        (_, response) =>
            response.writeHead(status, { ...headers }).end(body);

    const HTML = "<html>\r\n<head><title>502 Bad Gateway</title></head><body>openresty</body></html>";
    const kinds: [name: string, type: abstract new (...a: any[]) => Error, play: Play][] = [
        ["an HTML 502", errors.ModelUnreachableError, says(502, { "Content-Type": "text/html" }, HTML)],
        ["an HTML 503 without Retry-After", errors.ModelUnreachableError, says(503, {}, HTML)],
        ["a 502 with Retry-After", errors.ModelUnreachableError, says(502, { "Retry-After": "0" }, "")],
        ["an HTML 504", errors.AnswerTimeoutError, says(504, {}, HTML)],
        ["HTML with status 200", errors.UnreadableAnswerError, says(200, { "Content-Type": "text/html" }, HTML)],
        ["nothing with status 200", errors.UnreadableAnswerError, says(200, JSON_TYPE, "")],
        ["nothing with status 204", errors.UnreadableAnswerError, says(204, {}, "")],
        ["truncated JSON", errors.UnreadableAnswerError, says(200, JSON_TYPE, RESULT.slice(0, 40))],
        ["JSON of another shape", errors.UnreadableAnswerError, says(200, JSON_TYPE, '{"message":"no"}')],
        ["a list", errors.UnreadableAnswerError, says(200, JSON_TYPE, "[]")],
        ["choices without texts", errors.UnreadableAnswerError, says(200, JSON_TYPE, '{"choices":[{}]}')],
        [
            "an error with status 200",
            errors.AlpaError,
            says(200, JSON_TYPE, '{"type":"error","message":"m","stacktrace":"s"}'),
        ],
        [
            "a 302 to a login",
            errors.EdgeLoginError,
            says(302, { Location: "https://t.cloudflareaccess.com/cdn-cgi/access/login/h" }, ""),
        ],
        ["a 302 without a place", errors.RedirectError, says(302, {}, "")],
        ["a 302 to nonsense", errors.RedirectError, says(302, { Location: "http://[" }, "")],
        [
            "an answer shorter than it says",
            errors.ConnectionFailedError,
            (_, response) => {
                response.writeHead(200, { ...JSON_TYPE, "Content-Length": "1000" });
                response.write(RESULT, () => response.socket!.end());
            },
        ],
        [
            "a reset in the middle of the answer",
            errors.ConnectionFailedError,
            (_, response) => {
                response.writeHead(200, JSON_TYPE);
                response.write(RESULT.slice(0, 20), () => response.socket!.resetAndDestroy());
            },
        ],
        [
            "a connection that is closed without an answer",
            errors.ConnectionFailedError,
            (_, response) => response.socket!.end(),
        ],
        [
            "an answer that is no HTTP",
            errors.ConnectionFailedError,
            (_, response) => response.socket!.end("SSH-2.0-x\r\n"),
        ],
    ];
    for (const [name, type, what] of kinds)
        it(`makes ${type.name} of ${name}, and sends once`, async () => {
            play = what;
            const error = await outcome(client().completions("the prompt"));
            assert.ok(error instanceof type, String(error));
            assert.equal(seen.length, 1);
            if (error instanceof errors.ConnectionFailedError) assert.equal(error.sent, true);
        });

    for (const status of [301, 302, 303, 307, 308])
        it(`sends nothing to the place that a ${status} names`, async () => {
            play = (_, response, nth) => {
                assert.equal(nth, 1);
                response.writeHead(status, { Location: url.replace("127.0.0.1", "localhost") }).end();
            };
            const error = await outcome(client().completions("a"));
            assert.ok(error instanceof errors.RedirectError);
            assert.equal(seen.length, 1);
        });

    it("ends when the time for the answer is over, also while bytes drip in", async () => {
        for (const drips of [false, true]) {
            let timer: NodeJS.Timeout | undefined;
            play = (_, response) => {
                if (!drips) return;
                response.writeHead(200, JSON_TYPE);
                timer = setInterval(() => response.write(" "), 20);
            };
            const begin = Date.now();
            const error = await outcome(client({ answerTimeoutSeconds: 0.2 }).completions("a"));
            clearInterval(timer);
            assert.ok(error instanceof errors.AnswerTimeoutError, String(error));
            assert.ok(Date.now() - begin < 2000);
        }
        assert.equal(seen.length, 2, "each was sent once");
    });

    it("ends with the reason of the caller's signal: before, while it waits for the answer, and between two tries", async () => {
        const reason = new Error("enough");
        assert.equal(await outcome(client().completions("a", { signal: AbortSignal.abort(reason) })), reason);
        assert.equal(seen.length, 0);
        const first = new AbortController();
        play = () => first.abort(reason);
        assert.equal(await outcome(client().completions("a", { signal: first.signal })), reason);
        const second = new AbortController();
        play = (_, response) => {
            response.on("finish", () => setImmediate(() => second.abort(reason)));
            response.writeHead(429, { "Retry-After": "30" }).end();
        };
        assert.equal(await outcome(client().completions("a", { signal: second.signal })), reason);
        assert.equal(seen.length, 2);
    });

    it("waits longer than the 300 s after which Node's fetch gives up", async () => {
        // Node's limit cannot be waited for here; it is replaced by one of a second, at the place where Node has it.
        const place = Symbol.for("undici.globalDispatcher.1");
        const holder = globalThis as unknown as Record<symbol, object>;
        void new Headers();
        const before = holder[place];
        type Options = Record<string, unknown>;
        const Real = before.constructor as new (options: Options) => { close(): Promise<void> };
        const Hasty = class Agent extends Real {
            constructor(options: Options) {
                super({ headersTimeout: 300, bodyTimeout: 300, ...options });
            }
        };
        const hasty = new Hasty({});
        play = (_, response) => void setTimeout(() => response.writeHead(200, JSON_TYPE).end(RESULT), 2500);
        try {
            holder[place] = hasty;
            const theirs = fetch(url, { method: "POST" }).then(
                () => "an answer",
                (error: { cause: { code: string } }) => error.cause.code,
            );
            const ours = await client().completions("a");
            assert.equal(await theirs, "UND_ERR_HEADERS_TIMEOUT");
            assert.equal(ours.choices[0].text, "one");
        } finally {
            holder[place] = before;
            await hasty.close();
        }
    });

    it("tries again after 429 and 503 with Retry-After, as often as it may, and says how long to wait", async () => {
        for (const status of [429, 503]) {
            seen = [];
            play = (_, response, nth) =>
                nth < 3
                    ? response
                          .writeHead(status, {
                              "Retry-After": nth === 1 ? "0" : new Date(Date.now() - 5).toUTCString(),
                          })
                          .end()
                    : response.writeHead(200, JSON_TYPE).end(RESULT);
            assert.equal((await client().completions("a")).choices[0].text, "one");
            assert.equal(seen.length, 3);
            seen = [];
            play = says(status, { "Retry-After": "0" }, "");
            const error = await outcome(client({ maxAttempts: 2 }).completions("a"));
            assert.deepEqual([seen.length, error.status, error.retryAfterSeconds], [2, status, 0]);
            seen = [];
            play = says(status, { "Retry-After": "61" }, "");
            const long = await outcome(client().completions("a"));
            assert.deepEqual([seen.length, long.retryAfterSeconds], [1, 61], "longer than it may wait");
        }
        seen = [];
        play = says(429, { "X-RateLimit-Reset": "89.12" }, "");
        assert.equal((await outcome(client().completions("a"))).retryAfterSeconds, 90);
        assert.equal(seen.length, 1);
    });

    it("tries again when there is no connection, and says that nothing was sent", async () => {
        const closed = net.createServer();
        await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
        const { port } = closed.address() as net.AddressInfo;
        await new Promise((resolve) => closed.close(resolve));
        const options = { url: `http://127.0.0.1:${port}`, auth: new ApiKey(KEY) };
        const error = await outcome(new Client({ ...options, maxAttempts: 1 }).completions("a"));
        assert.ok(error instanceof errors.ConnectionFailedError && !error.sent);
        assert.match(error.message, /ECONNREFUSED/);
        const call = new Client(options).completions("a");
        const late = http.createServer((_, response) => response.writeHead(200, JSON_TYPE).end(RESULT));
        await new Promise<void>((resolve) => late.listen(port, "127.0.0.1", resolve));
        assert.equal((await call).choices[0].text, "one");
        await new Promise((resolve) => late.close(resolve));
    });

    it("gives each request a connection of its own", async () => {
        play = says(200, JSON_TYPE, RESULT);
        await client().completions("a");
        await client().completions("a");
        assert.equal(connections, 2);
    });

    it("makes a token once for all that wait, again before it ends, and by the server's clock when that differs", async () => {
        let now = 1_800_000_000_000;
        const auth = new Jwt(
            { key: "ns_a.b", privateKey: EC_KEY, algorithm: "ES256", lifetimeSeconds: 200 },
            { now: () => now },
        );
        play = says(200, JSON_TYPE, RESULT);
        const calls = new Client({ url, auth });
        await Promise.all([calls.completions("a"), calls.completions("a")]);
        now += 139_000;
        await calls.completions("a");
        now += 1000;
        await calls.completions("a");
        const tokens = seen.map(({ headers }) => headers.authorization);
        assert.deepEqual(
            tokens.map((token) => tokens.indexOf(token)),
            [0, 0, 0, 3],
            "renewed a minute before its end",
        );
        seen = [];
        play = (request, response) => {
            const theirs = now + 600_000;
            const { exp, iat } = JSON.parse(
                Buffer.from(request.headers.authorization!.split(".")[1], "base64url").toString(),
            );
            assert.equal(exp - iat, 200);
            const good = exp * 1000 > theirs;
            response.writeHead(good ? 200 : 401, { ...JSON_TYPE, Date: new Date(theirs).toUTCString() });
            response.end(good ? RESULT : "{}");
        };
        await calls.completions("a");
        await calls.completions("a");
        assert.equal(seen.length, 3, "one refusal, and the difference is kept");
    });

    it("holds no secret in an error, in a client and in a credential, whatever the server sends back", async () => {
        const secret = `s3cr3t"&<'%/+${"x".repeat(20)}`;
        const token = `${Buffer.from('{"alg":"HS256"}').toString("base64url")}.${Buffer.from('{"exp":4000000000}').toString("base64url")}.c2ln`;
        const all = [
            new ApiKey(secret),
            new Jwt({ token }),
            new Jwt({ key: "k", secret }),
            new ServiceToken({ clientId: "id-of-the-token.access", clientSecret: secret }),
            new ServiceToken({ clientId: "id-of-the-token.access", clientSecret: secret, header: "Authorization" }),
        ];
        const plays: ((said: string) => Play)[] = [
            (said) => says(401, JSON_TYPE, JSON.stringify({ message: said })),
            (said) => says(400, JSON_TYPE, JSON.stringify({ type: "error", message: said, stacktrace: said })),
            (said) => says(500, { "Content-Type": "text/plain" }, said),
            (said) =>
                says(
                    302,
                    { Location: `http://other.example/${encodeURIComponent(said)}?${encodeURIComponent(said)}` },
                    "",
                ),
            (said) =>
                says(
                    200,
                    { ...JSON_TYPE, "X-Request-Id": encodeURIComponent(said) },
                    JSON.stringify({ message: said }),
                ),
        ];
        for (const auth of all)
            for (const one of plays) {
                play = (request, response, nth) =>
                    one(`${JSON.stringify(request.headers)} ${auth.method === "key" ? secret : ""}`)(
                        request,
                        response,
                        nth,
                    );
                const failing = new Client({ url, auth });
                const error = await outcome(failing.completions("a"));
                const shown = [error, failing, auth].map(
                    (value) => inspect(value, { depth: 9, showHidden: true }) + JSON.stringify(value) + String(value),
                );
                assert.doesNotMatch(shown.join(), /s3cr3t|eyJ|c2ln/);
            }
    });

    it("tells of each answer, without cookies", async () => {
        play = says(200, { ...JSON_TYPE, Server: "APISIX/3.18.0", "Set-Cookie": "CF_Authorization=x" }, RESULT);
        const told: any[] = [];
        await client({ onAnswer: (one: unknown) => told.push(one) }).completions("a");
        assert.equal(told.length, 1);
        assert.deepEqual(Object.keys(told[0]), ["status", "headers", "milliseconds"]);
        assert.equal(told[0].headers.get("server"), "APISIX/3.18.0");
        assert.equal(told[0].headers.get("set-cookie"), null);
    });
});
