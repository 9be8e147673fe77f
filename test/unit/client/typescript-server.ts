/** A server that answers as a test says, for the tests of the TypeScript client. */
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { AlpaClientError } from "../../../client/typescript/src/errors";

const ROOT = resolve(__dirname, "../../..");
export const RESULT = '{"id":"i","object":"text_completion","created":1,"choices":[{"text":"one"}]}';
export const LOGPROBS = '{"cache_id":"c","logprobs":[[0]],"indices":[[1]]}';
export const JSON_TYPE = { "Content-Type": "application/json" };

/** @param nth 1 for the first request since the last `clear` */
export type Respond = (request: http.IncomingMessage, response: http.ServerResponse, nth: number) => void;

export const says =
    (status: number, headers: object, body: string): Respond =>
    (_, response) =>
        response.writeHead(status, { ...headers }).end(body);

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
        return (this.server.address() as AddressInfo).port;
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

/** The error of a call; fails when there is none. */
export const outcome = (call: Promise<unknown>): Promise<AlpaClientError> =>
    call.then(
        (value): never => assert.fail(`a result: ${JSON.stringify(value)}`),
        (error: AlpaClientError) => error,
    );

/** Runs a call in a process of its own, for settings that Node.js reads at its start. @returns `result <text>` or the error */
export async function inProcess(url: string, key: string, environment: NodeJS.ProcessEnv): Promise<string> {
    const script = `
        const { ApiKey, Client } = require(${JSON.stringify(join(ROOT, "client/typescript/src/index.ts"))});
        const client = new Client({ url: process.argv[1], auth: new ApiKey(process.argv[2]), maxAttempts: 1 });
        const say = ({ choices: [{ text }] }) => "result " + text;
        client.completions("a").then(say, (error) => error.name + ": " + error.message).then(console.log);`;
    const args = ["--require", "./load-typescript.js", "-e", script, url, key];
    const env = { PATH: process.env.PATH, ...environment };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    return stdout.trim();
}
