// Proves how the TypeScript client handles misbehaving servers, for both methods: it throws a typed error, follows no redirect,
// repeats nothing that the model may have worked on, and limits every wait. typescript-tls.test.ts proves the same over TLS.
import { strict as assert } from "node:assert";
import * as net from "node:net";
import { ApiKey, Client } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { JSON_TYPE, LOGPROBS, outcome, RESULT, says, Server, type Respond } from "./typescript-server";

type Kind = [name: string, type: abstract new (...a: any[]) => Error, respond: Respond];
const HTML = "<html>\r\n<head><title>502 Bad Gateway</title></head><body>openresty</body></html>";
const HTML_TYPE = { "Content-Type": "text/html" };
const LOGIN = "https://t.cloudflareaccess.com/cdn-cgi/access/login/h";
const FAILED = '{"type":"error","message":"m","stacktrace":"s"}';
/** Messages for the end of a connection, also by a reset. */
const ended = (socket: net.Socket) => new Promise<unknown>((resolve) => socket.once("close", resolve));
/** Neither a completion nor log probabilities. */
const half = (length: number) => `${RESULT.slice(0, -1)},${LOGPROBS.slice(1)}`.slice(0, length);

const KINDS: Kind[] = [
    ["an HTML 502", errors.ModelUnreachableError, says(502, HTML_TYPE, HTML)],
    ["an HTML 503 without Retry-After", errors.ModelUnreachableError, says(503, HTML_TYPE, HTML)],
    ["a 502 with Retry-After", errors.ModelUnreachableError, says(502, { "Retry-After": "0" }, "")],
    ["a 500 of a proxy", errors.ModelUnreachableError, says(500, HTML_TYPE, HTML)],
    ["an HTML 504", errors.AnswerTimeoutError, says(504, HTML_TYPE, HTML)],
    ["a 408, for an incomplete request", errors.RequestRefusedError, says(408, HTML_TYPE, HTML)],
    ["HTML with status 200", errors.UnreadableAnswerError, says(200, HTML_TYPE, HTML)],
    ["HTML with the type of JSON", errors.UnreadableAnswerError, says(200, JSON_TYPE, HTML)],
    ["an empty body with status 200", errors.UnreadableAnswerError, says(200, JSON_TYPE, "")],
    ["an empty body with status 204", errors.UnreadableAnswerError, says(204, {}, "")],
    ["truncated JSON", errors.UnreadableAnswerError, says(200, JSON_TYPE, half(40))],
    ["JSON of another form", errors.UnreadableAnswerError, says(200, JSON_TYPE, '{"message":"no"}')],
    ["a list", errors.UnreadableAnswerError, says(200, JSON_TYPE, "[]")],
    ["null", errors.UnreadableAnswerError, says(200, JSON_TYPE, "null")],
    ["fields of other types", errors.UnreadableAnswerError, says(200, JSON_TYPE, '{"choices":[{}],"cache_id":1}')],
    ["an error with status 200", errors.AlpaError, says(200, JSON_TYPE, FAILED)],
    ["an error in a result", errors.AlpaError, says(200, JSON_TYPE, `${FAILED.slice(0, -1)},${LOGPROBS.slice(1)}`)],
    ["a 302 to a login", errors.EdgeLoginError, says(302, { Location: LOGIN }, "")],
    [
        "a 302 to a login page on the same host",
        errors.EdgeLoginError,
        says(302, { Location: "/cdn-cgi/access/login/h" }, ""),
    ],
    ["a 302 without a place", errors.RedirectError, says(302, {}, "")],
    ["a 302 to nonsense", errors.RedirectError, says(302, { Location: "http://[" }, "")],
    [
        "an answer shorter than its Content-Length",
        errors.ConnectionFailedError,
        (_, response) => {
            response.writeHead(200, { ...JSON_TYPE, "Content-Length": "1000" });
            response.write(half(500), () => response.socket!.end());
        },
    ],
    [
        "an answer in chunks without the last one",
        errors.ConnectionFailedError,
        (_, response) => response.writeHead(200, JSON_TYPE).write(half(500), () => response.socket!.end()),
    ],
    [
        "a reset in the middle of the answer",
        errors.ConnectionFailedError,
        (_, response) => {
            response.writeHead(200, JSON_TYPE).write(half(20), () => response.socket!.resetAndDestroy());
        },
    ],
    ["a reset instead of an answer", errors.ConnectionFailedError, (_, { socket }) => socket!.resetAndDestroy()],
    ["a connection closed without an answer", errors.ConnectionFailedError, (_, { socket }) => void socket!.end()],
    ["an answer that is not HTTP", errors.ConnectionFailedError, (_, { socket }) => void socket!.end("SSH-2.0-x\r\n")],
    [
        "truncated headers",
        errors.ConnectionFailedError,
        (_, { socket }) => void socket!.end("HTTP/1.1 200 OK\r\nContent-Ty"),
    ],
];

describe("TypeScript client with a misbehaving server", () => {
    let server: Server;
    before(async () => (server = await Server.start()));
    beforeEach(() => server.clear());
    after(() => server.close());
    const client = (more: object = {}) => new Client({ url: server.url, auth: new ApiKey("KEY-of-team"), ...more });

    for (const method of ["completions", "logprobs"] as const)
        for (const [name, type, respond] of KINDS)
            it(`makes ${type.name} of ${name}, and sends once, for ${method}`, async () => {
                server.respond = respond;
                const error = await outcome(client()[method]("PROMPT-of-team"));
                assert.ok(error instanceof type, String(error));
                assert.equal(error.constructor, type);
                assert.equal(server.seen.length, 1);
                assert.doesNotMatch(error.message, /PROMPT/);
                if (error instanceof errors.ConnectionFailedError) assert.equal(error.sent, true);
            });

    it("takes the result of one method for none of the other", async () => {
        server.respond = says(200, JSON_TYPE, RESULT);
        assert.ok((await outcome(client().logprobs("a"))) instanceof errors.UnreadableAnswerError);
        server.respond = says(200, JSON_TYPE, LOGPROBS);
        assert.ok((await outcome(client().completions("a"))) instanceof errors.UnreadableAnswerError);
    });

    for (const status of [301, 302, 303, 307, 308])
        it(`sends nothing to the Location of a ${status}`, async () => {
            const other = await Server.start();
            try {
                server.respond = says(status, { Location: `${other.url}/login` }, "");
                const error = await outcome(client().completions("a"));
                assert.ok(error instanceof errors.RedirectError);
                assert.deepEqual([server.seen.length, other.connections], [1, 0]);
                server.respond = says(status, { Location: `${server.url}/other` }, "");
                assert.ok((await outcome(client().completions("a"))) instanceof errors.RedirectError);
                assert.equal(server.seen.length, 2, "nor to another path of the same host");
            } finally {
                await other.close();
            }
        });

    const drips: [what: string, respond: Respond, each: (response: net.Socket) => void][] = [
        ["nothing comes", () => undefined, () => undefined],
        [
            "the answer arrives byte by byte",
            (_, response) => void response.writeHead(200, JSON_TYPE).flushHeaders(),
            chunk,
        ],
        [
            "its head arrives byte by byte",
            (_, { socket }) => void socket!.write("HTTP/1.1 200 OK\r\nX-A: "),
            (to) => to.write("a"),
        ],
    ];
    function chunk(to: net.Socket): void {
        to.write("1\r\n \r\n");
    }
    for (const [what, respond, each] of drips)
        it(`ends when the time for the answer is over, while ${what}`, async () => {
            let timer: NodeJS.Timeout | undefined;
            let closed: Promise<unknown> | undefined;
            server.respond = (request, response, nth) => {
                const socket = response.socket!;
                closed = ended(socket);
                respond(request, response, nth);
                timer = setInterval(() => each(socket), 20);
            };
            const begin = Date.now();
            try {
                const error = await outcome(client().completions("a", { answerTimeoutSeconds: 1 }));
                assert.ok(error instanceof errors.AnswerTimeoutError, String(error));
                assert.ok(Date.now() - begin < 10_000);
                await closed; // The server sees that the client has disconnected.
            } finally {
                clearInterval(timer);
            }
            assert.equal(server.seen.length, 1);
        });

    it("ends with the reason of the caller's signal, at any stage of the call", async () => {
        const reason = new Error("enough");
        const until = (controller: AbortController) => client().completions("a", { signal: controller.signal });
        assert.equal(await outcome(client().completions("a", { signal: AbortSignal.abort(reason) })), reason, "before");
        assert.equal(server.connections, 0);
        const waiting = new AbortController();
        let closed: Promise<unknown> | undefined;
        server.respond = (_, { socket }) => {
            closed = ended(socket!);
            waiting.abort(reason);
        };
        assert.equal(await outcome(until(waiting)), reason, "before any answer");
        await closed;
        const reading = new AbortController();
        server.respond = (_, response) => {
            closed = ended(response.socket!);
            response.writeHead(200, JSON_TYPE).write("{", () => setTimeout(() => reading.abort(reason), 20));
        };
        assert.equal(await outcome(until(reading)), reason, "in the middle of the answer");
        await closed;
        const pausing = new AbortController();
        server.respond = (_, response) => {
            response.on("finish", () => setImmediate(() => pausing.abort(reason)));
            response.writeHead(429, { "Retry-After": "30" }).end();
        };
        assert.equal(await outcome(until(pausing)), reason, "between two tries");
        assert.equal(server.seen.length, 3);
    });

    it("reads a rejection that arrives before the whole request was sent", async () => {
        const early = net.createServer((socket) => {
            socket.on("error", () => undefined);
            socket.once("data", () => socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"));
        });
        await new Promise<void>((resolve) => early.listen(0, "127.0.0.1", resolve));
        const url = `http://127.0.0.1:${(early.address() as net.AddressInfo).port}`;
        const error = await outcome(new Client({ url }).completions("x".repeat(8_000_000)));
        assert.ok(error instanceof errors.RequestRefusedError, String(error));
        await new Promise((resolve) => early.close(resolve));
    });
});
