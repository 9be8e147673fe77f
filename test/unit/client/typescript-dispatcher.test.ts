// Proves that the TypeScript client uses the dispatcher that a program has set for fetch (for a proxy or a private
// certificate authority), and that fetch's own timeouts do not end a request. Proves that proxy variables have no
// effect without such a dispatcher.
import { strict as assert } from "node:assert";
import * as net from "node:net";
import * as tls from "node:tls";
import { ApiKey, Client } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { certificate, type Pair } from "../../certificates";
import { inProcess, JSON_TYPE, outcome, RESULT, says, Server } from "./typescript-server";

type Options = Record<string, unknown>;
interface Dispatcher {
    dispatch(options: Options, handler: object): boolean;
    close(): Promise<void>;
}
type AgentClass = new (options?: Options) => Dispatcher;
type Connect = (to: { hostname: string; port: string }, done: (error: null, socket: net.Socket) => void) => void;

/** Where Node keeps the dispatcher of its fetch. */
const PLACE = Symbol.for("undici.globalDispatcher.1");
const holder = globalThis as unknown as Record<symbol, Dispatcher>;
void new Headers();
const nodes = holder[PLACE];
/** undici's own package, which a program would install. */
const Agent = nodes.constructor as AgentClass;

/** A proxy that only tunnels, and records the head of each tunnel. */
async function startProxy() {
    const heard: string[] = [];
    const server = net.createServer((client) => {
        client.on("error", () => undefined);
        client.once("data", (head: Buffer) => {
            heard.push(head.toString());
            const [, port] = /^CONNECT [^ ]+:(\d+) /.exec(head.toString()) ?? [];
            if (port === undefined) return void client.end("HTTP/1.1 400 Bad Request\r\n\r\n");
            const target = net.connect(Number(port), "127.0.0.1", () => {
                client.write("HTTP/1.1 200 OK\r\n\r\n");
                client.on("data", (part: Buffer) => heard.push(part.toString("latin1")));
                client.pipe(target).pipe(client);
            });
            target.on("error", () => undefined);
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { port: (server.address() as net.AddressInfo).port, heard, close: () => void server.close() };
}

describe("TypeScript client and the program's fetch", () => {
    let server: Server;
    before(async () => (server = await Server.start()));
    beforeEach(() => {
        server.clear();
        server.respond = says(200, JSON_TYPE, RESULT);
    });
    afterEach(() => void (holder[PLACE] = nodes));
    after(() => server.close());
    const client = (url = server.url) => new Client({ url, auth: new ApiKey("KEY-of-team"), maxAttempts: 1 });
    const late = (milliseconds: number) => {
        server.respond = (...given) => void setTimeout(() => says(200, JSON_TYPE, RESULT)(...given), milliseconds);
    };
    /** Connects an Agent, and records the port of each connection. */
    const counting = () => {
        const made: string[] = [];
        const connect: Connect = ({ port }, done) => {
            made.push(port);
            const socket = net.connect(Number(port), "127.0.0.1", () => done(null, socket));
        };
        return { made, connect };
    };

    it("waits longer than the 300 s after which Node's fetch gives up", async () => {
        // Replaces Node's limits by shorter ones, because the real limits are too long for a test.
        const Hasty = class Agent extends (nodes.constructor as AgentClass) {
            constructor(options: Options = {}) {
                super({ headersTimeout: 300, bodyTimeout: 300, ...options });
            }
        };
        holder[PLACE] = new Hasty();
        late(2500);
        const theirs = fetch(server.url, { method: "POST" }).then(
            () => "an answer",
            (error: { cause: { code: string } }) => error.cause.code,
        );
        const ours = await client().completions("a");
        assert.equal(await theirs, "UND_ERR_HEADERS_TIMEOUT");
        assert.equal(ours.choices[0].text, "one");
    });

    it("opens a new connection for each request", async () => {
        await client().completions("a");
        await client().completions("a");
        assert.equal(server.connections, 2);
    });

    it("uses an Agent of the program, and waits longer than the Agent's own timeouts", async () => {
        const { made, connect } = counting();
        holder[PLACE] = new Agent({ connect, headersTimeout: 300, bodyTimeout: 300 });
        late(2500);
        assert.equal((await client().completions("a")).choices[0].text, "one");
        assert.deepEqual(made, [String(server.port)]);
    });

    it("uses an Agent that the program has extended", async () => {
        const asked: Options[] = [];
        const plain = new Agent();
        const dispatch = (options: Options, handler: object) => {
            asked.push(options);
            return plain.dispatch(options, handler);
        };
        // Undici's documentation composes dispatchers like this.
        holder[PLACE] = new Proxy(plain, {
            get: (of, name) => (name === "dispatch" ? dispatch : Reflect.get(of, name)),
        });
        await client().completions("a");
        assert.deepEqual([asked.length, asked[0].method, asked[0].headersTimeout], [1, "POST", 0]);
    });

    it("uses a dispatcher of another class than Agent", async () => {
        const inner = new Agent();
        class ProxyAgent {
            asked: Options[] = [];
            dispatch(options: Options, handler: object): boolean {
                this.asked.push(options);
                return inner.dispatch(options, handler);
            }
        }
        const set = new ProxyAgent();
        holder[PLACE] = set as unknown as Dispatcher;
        await client().completions("a");
        await client().completions("a");
        assert.deepEqual(
            set.asked.map(({ headersTimeout, bodyTimeout }) => [headersTimeout, bodyTimeout]),
            [
                [0, 0],
                [0, 0],
            ],
        );
    });

    it("says whose limit ended the call when the program's dispatcher times out by itself", async () => {
        const hasty = new Agent({ connect: {}, headersTimeout: 300 });
        const dispatch = (options: Options, handler: object) =>
            hasty.dispatch({ ...options, headersTimeout: 300 }, handler);
        holder[PLACE] = { dispatch } as unknown as Dispatcher;
        late(2500);
        const error = await outcome(client().completions("a"));
        assert.ok(error instanceof errors.AnswerTimeoutError, String(error));
        assert.match(error.message, /the dispatcher that this program has set/);
    });

    describe("with a proxy", () => {
        let pair: Pair;
        let secure: Server;
        let proxy: Awaited<ReturnType<typeof startProxy>>;
        before(async () => {
            pair = await certificate(["localhost"]);
            secure = await Server.start(pair);
            proxy = await startProxy();
        });
        beforeEach(() => void (proxy.heard.length = 0));
        after(async () => {
            await secure.close();
            proxy.close();
        });

        it("uses the proxy of the program's Agent, which sees no credential", async () => {
            const connect: Connect = ({ hostname, port }, done) => {
                const tunnel = net.connect(proxy.port, "127.0.0.1", () =>
                    tunnel.write(`CONNECT ${hostname}:${port} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`),
                );
                tunnel.once("data", () => {
                    const ca = pair.certificate;
                    const socket = tls.connect({ socket: tunnel, servername: hostname, ca }, () => done(null, socket));
                });
            };
            holder[PLACE] = new Agent({ connect });
            await client(`https://localhost:${secure.port}`).completions("PROMPT-of-team");
            assert.equal(secure.seen[0].headers.apikey, "KEY-of-team");
            assert.match(proxy.heard[0], /^CONNECT localhost:/);
            assert.ok(proxy.heard.length > 1);
            assert.doesNotMatch(proxy.heard.join(""), /KEY-of-team|PROMPT/);
        });

        it("ignores proxy variables, for http and for https", async () => {
            const at = `http://127.0.0.1:${proxy.port}`;
            const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
            const variables = Object.fromEntries(names.map((name) => [name, at]));
            const open = inProcess(server.url, "KEY-of-team", variables);
            const closed = inProcess(`https://localhost:${secure.port}`, "KEY-of-team", variables);
            assert.equal(await open, "result one");
            assert.match(await closed, /^ConnectionFailedError: The certificate of .* is not trusted/);
            assert.deepEqual(proxy.heard, []);
        });
    });
});
