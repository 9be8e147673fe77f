/** A server that answers as a test says, for the tests of the TypeScript client. */
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import * as http from "node:http";
import * as https from "node:https";
import type * as net from "node:net";
import { join, resolve } from "node:path";
import { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import type { AlpaClientError } from "../../../client/typescript/src/errors";

const ROOT = resolve(__dirname, "../../..");
export const RESULT = '{"id":"i","object":"text_completion","created":1,"choices":[{"text":"one"}]}';
export const JSON_TYPE = { "Content-Type": "application/json" };

/** @param nth 1 for the first request since the last `clear` */
export type Respond = (request: http.IncomingMessage, response: http.ServerResponse, nth: number) => void;

export const says =
    (status: number, headers: object, body: string): Respond =>
    (_, response) =>
        response.writeHead(status, { ...headers }).end(body);

/**
 * Sends an answer of client/corpus: an object, the text of an HTTP answer, or `raw` bytes in Latin-1. `then` says what
 * the server does next: `end`, `reset`, `wait` for the client, or `drip` one byte every 20 ms.
 */
export function sendAnswer(socket: net.Socket, answer: string | Record<string, any>): void {
    const {
        status = 200,
        headers = {},
        body = "",
        raw,
        then = "end",
    } = typeof answer === "string" ? parsed(answer) : answer;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const lines = Object.entries({ "Content-Length": Buffer.byteLength(text), Connection: "close", ...headers });
    const head = `HTTP/1.1 ${status} Said\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
    const next = () => {
        if (then === "reset") return void (socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy());
        if (then !== "drip") return void (then === "end" ? socket.end() : socket.resume());
        const timer = setInterval(() => socket.write(" "), 20);
        socket.on("close", () => clearInterval(timer));
    };
    socket.write(raw === undefined ? head + text : Buffer.from(raw as string, "latin1"), next);
}

function parsed(answer: string): Record<string, any> {
    const [, status, lines, body] = /^(\d{3})((?:\n.+)*)(?:\n\n([^]*))?$/.exec(answer)!;
    const headers = [...lines.matchAll(/\n(.+?): (.*)/g)].map(([, name, value]) => [name, value]);
    return { status, headers: Object.fromEntries(headers), body };
}

interface Dispatcher {
    close(): Promise<void>;
}
/**
 * Node keeps the dispatcher of its fetch under this key. A program can set a dispatcher with its own certificate
 * authority.
 */
const PLACE = Symbol.for("undici.globalDispatcher.1");

/** Makes fetch trust only this authority. @returns a function that restores fetch's dispatcher */
export function trust(ca: string | undefined): () => void {
    void new Headers(); // Node creates its dispatcher when fetch or one of its classes is first used.
    const holder = globalThis as unknown as Record<symbol, Dispatcher>;
    const nodes = holder[PLACE];
    const Agent = nodes.constructor as new (options: { connect: object }) => Dispatcher;
    if (ca !== undefined) holder[PLACE] = new Agent({ connect: { ca: [ca] } });
    return () => void (holder[PLACE] = nodes);
}

export class Server {
    readonly seen: http.IncomingMessage[] = [];
    readonly bodies: string[] = [];
    connections = 0;
    respond: Respond = says(200, JSON_TYPE, RESULT);

    private constructor(
        private readonly server: http.Server | https.Server,
        private readonly scheme: "http" | "https",
    ) {
        server.on("connection", () => this.connections++);
        server.on("request", (request: http.IncomingMessage, response: http.ServerResponse) => {
            let body = "";
            request.on("data", (part: Buffer) => (body += part.toString()));
            request.on("end", () => {
                this.bodies.push(body);
                this.respond(request, response, this.seen.push(request));
            });
        });
    }

    /** @param pair certificate and key. With a pair the server uses HTTPS */
    static async start(pair?: { certificate: string; key: string }): Promise<Server> {
        const server =
            pair === undefined
                ? http.createServer()
                : https.createServer({ cert: pair.certificate, key: pair.key, minVersion: "TLSv1.2" });
        const made = new Server(server, pair === undefined ? "http" : "https");
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return made;
    }

    get port(): number {
        return (this.server.address() as net.AddressInfo).port;
    }

    get url(): string {
        return `${this.scheme}://127.0.0.1:${this.port}`;
    }

    clear(): void {
        this.seen.length = 0;
        this.bodies.length = 0;
        this.connections = 0;
    }

    async close(): Promise<void> {
        await new Promise<void>((resolve) => {
            this.server.close(() => resolve());
            this.server.closeAllConnections();
        });
    }
}

/** @returns the error of a call. Fails if the call succeeds. */
export const outcome = (call: Promise<unknown>): Promise<AlpaClientError> =>
    call.then(
        (value): never => assert.fail(`a result: ${JSON.stringify(value)}`),
        (error: AlpaClientError) => error,
    );

/** Runs a call in a separate process, for settings that Node.js reads at its start. @returns `result <text>` or the error */
export async function inProcess(url: string, key: string, environment: NodeJS.ProcessEnv): Promise<string> {
    const script = `
        const { ApiKey, Client } = require(${JSON.stringify(join(ROOT, "client/typescript/src/index.ts"))});
        const client = new Client({ url: process.argv[1], auth: new ApiKey(process.argv[2]), maxAttempts: 1 });
        const say = ({ choices: [{ text }] }) => "result " + text;
        client.completions("a").then(say, (error) => error.name + ": " + error.message).then(console.log);`;
    const args = ["--require=tsx/cjs", "-e", script, url, key];
    const env = { PATH: process.env.PATH, ...environment };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    return stdout.trim();
}
