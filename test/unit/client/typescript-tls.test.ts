// Proves what the TypeScript client does over HTTPS: it sends no credential to a server with an untrusted certificate,
// trusts a private authority that Node.js is configured with, and otherwise behaves as over plain HTTP.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHttps } from "../../../components/route/plugin-chain";
import { ApiKey, Client, Jwt, ServiceToken, type Credential } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { certificate, type Pair } from "../../certificates";
import { claim, KEY, PRIVATE_KEY, SECRET, startService, type Service } from "./kit";
import { inProcess, JSON_TYPE, outcome, RESULT, says, Server, type Respond } from "./typescript-server";

interface Dispatcher {
    close(): Promise<void>;
}
/** Where Node keeps the dispatcher of its fetch: a program configures an authority there, or in NODE_EXTRA_CA_CERTS. */
const PLACE = Symbol.for("undici.globalDispatcher.1");
const holder = globalThis as unknown as Record<symbol, Dispatcher>;
void new Headers();
const nodes = holder[PLACE];
const Agent = nodes.constructor as new (options: { connect: object }) => Dispatcher;
const trust = (ca: string[]) => void (holder[PLACE] = new Agent({ connect: { ca } }));

describe("TypeScript client over HTTPS", () => {
    let authority: Pair;
    let pair: Pair;
    let server: Server;
    let folder: string;
    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-tls-"));
        authority = await certificate(["authority"], { ca: true });
        pair = await certificate(["localhost"], { by: authority });
        server = await Server.start(pair);
    });
    beforeEach(() => {
        server.clear();
        server.respond = says(200, JSON_TYPE, RESULT);
        trust([authority.certificate]);
    });
    afterEach(() => void (holder[PLACE] = nodes));
    after(async () => {
        await server.close();
        rmSync(folder, { recursive: true });
    });
    const url = (port = server.port) => `https://localhost:${port}`;
    const client = (more: object = {}) =>
        new Client({ url: url(), auth: new ApiKey("KEY-of-team"), maxAttempts: 1, ...more });

    it("sends each credential to a server with a trusted certificate", async () => {
        const all: Credential[] = [
            new ApiKey("KEY-of-team"),
            new Jwt({ key: "k", secret: SECRET }),
            new ServiceToken({ clientId: "id.access", clientSecret: "SECRET-of-team" }),
        ];
        for (const auth of all) {
            const { choices } = await client({ auth }).completions("Paris is");
            assert.equal(choices[0].text, "one");
            const sent = server.seen.at(-1)!.headers;
            for (const [name, value] of Object.entries(await auth.headers()))
                assert.equal(sent[name.toLowerCase()], value);
        }
    });

    it("trusts an authority of NODE_EXTRA_CA_CERTS, and without it no private one", async () => {
        const file = join(folder, "authority.pem");
        writeFileSync(file, authority.certificate);
        const told = inProcess(url(), "KEY-of-team", { NODE_EXTRA_CA_CERTS: file });
        assert.equal(await told, "result one");
        server.clear();
        const untold = await inProcess(url(), "KEY-of-team", {});
        assert.match(untold, /^ConnectionFailedError: .* that can be trusted .*NODE_EXTRA_CA_CERTS/);
        assert.equal(server.seen.length, 0);
    });

    const bad: [what: string, make: () => Promise<{ pair: Pair; ca: string[] }>][] = [
        ["of an unknown authority", async () => ({ pair, ca: [] })],
        [
            "that has expired",
            async () => {
                const [notBefore, notAfter] = [new Date("2020-01-01"), new Date("2020-02-01")];
                const over = await certificate(["localhost"], { by: authority, notBefore, notAfter });
                return { pair: over, ca: [authority.certificate] };
            },
        ],
        [
            "of another name",
            async () => ({
                pair: await certificate(["other.example"], { by: authority }),
                ca: [authority.certificate],
            }),
        ],
    ];
    for (const [what, make] of bad)
        it(`sends nothing to a certificate ${what}`, async () => {
            const { pair: theirs, ca } = await make();
            const other = await Server.start(theirs);
            trust(ca);
            try {
                const error = await outcome(client({ url: url(other.port) }).completions("Paris is"));
                assert.ok(error instanceof errors.ConnectionFailedError && !error.sent, String(error));
                assert.match(error.message, /that can be trusted .*NODE_EXTRA_CA_CERTS/);
                assert.equal(other.seen.length, 0);
            } finally {
                await other.close();
            }
        });

    const handshakes: [what: string, respond: (socket: net.Socket) => void][] = [
        ["is closed", (socket) => void socket.once("data", () => socket.end())],
        ["is reset", (socket) => void socket.once("data", () => socket.resetAndDestroy())],
        ["is answered in plain HTTP", (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ];
    for (const [what, respond] of handshakes)
        it(`says that nothing was sent when the handshake ${what}, and tries again`, async () => {
            let connections = 0;
            const plain = net.createServer((socket) => {
                connections++;
                socket.on("error", () => undefined).resume();
                respond(socket);
            });
            await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
            const at = url((plain.address() as net.AddressInfo).port);
            const error = await outcome(client({ url: at, maxAttempts: 2 }).completions("Paris is"));
            assert.ok(error instanceof errors.ConnectionFailedError && !error.sent, String(error));
            assert.equal(connections, 2);
            await new Promise((resolve) => plain.close(resolve));
        });

    const broken: [what: string, type: abstract new (...a: any[]) => Error, respond: Respond][] = [
        ["silence", errors.AnswerTimeoutError, () => undefined],
        [
            "a slow drip",
            errors.AnswerTimeoutError,
            (_, response) => {
                response.writeHead(200, JSON_TYPE);
                const timer = setInterval(() => response.write(" "), 20);
                response.on("close", () => clearInterval(timer));
            },
        ],
        [
            "a reset in the middle of the answer",
            errors.ConnectionFailedError,
            (request, response) => {
                const reset = () => request.socket.destroy();
                response.writeHead(200, { ...JSON_TYPE, "Content-Length": "500" }).write(RESULT.slice(0, 20), reset);
            },
        ],
        ["a connection closed without an answer", errors.ConnectionFailedError, ({ socket }) => void socket.end()],
        ["a redirect to HTTP", errors.RedirectError, says(301, { Location: "http://localhost:1/" }, "")],
        ["truncated JSON", errors.UnreadableAnswerError, says(200, JSON_TYPE, RESULT.slice(0, 40))],
    ];
    for (const [what, type, respond] of broken)
        it(`makes ${type.name} of ${what}, and sends once`, async () => {
            server.respond = respond;
            const options = { maxAttempts: 3, ...(type === errors.AnswerTimeoutError && { answerTimeoutSeconds: 1 }) };
            const error = await outcome(client(options).completions("Paris is"));
            assert.ok(error instanceof type, String(error));
            assert.equal(server.seen.length, 1);
            if (error instanceof errors.ConnectionFailedError) assert.equal(error.sent, true);
        });

    describe("at the gateway", () => {
        let service: Service;
        before(async () => (service = await startService(pair)));
        after(() => service.close());
        const ways: [name: string, make: () => Credential][] = [
            ["a key", () => new ApiKey(KEY)],
            ["a token of a secret", () => new Jwt({ key: claim("hs"), secret: SECRET })],
            ["a token of a private key", () => new Jwt({ key: claim("rs"), privateKey: PRIVATE_KEY })],
        ];
        for (const [name, make] of ways)
            it(`gets the results of both methods with ${name}`, async () => {
                const client = new Client({ url: service.secureUrl, auth: make() });
                assert.equal(
                    (await client.completions("Paris is", { maxTokens: 8 })).choices[0].text,
                    "Paris is one two",
                );
                assert.equal((await client.logprobs([[5, 6, 7]], { topK: 3 })).indices[0].length, 3);
            });

        it("reports that the address has https, if the gateway redirects HTTP", async () => {
            const { name, config } = toHttps();
            await service.put("/routes/moved", {
                uri: "/moved/*",
                plugins: { [name]: config },
                upstream: { type: "roundrobin", nodes: { "127.0.0.1:1": 1 }, retries: 0 },
            });
            service.seen.length = 0;
            const url = service.url.replace("/alpa", "/moved");
            const error = await outcome(new Client({ url, auth: new ApiKey(KEY) }).completions("Paris is"));
            assert.ok(error instanceof errors.RedirectError, String(error));
            assert.deepEqual([error.status, service.seen.length], [308, 0]);
            assert.match(error.nextStep, /Give the address with https\.$/);
        });
    });
});
